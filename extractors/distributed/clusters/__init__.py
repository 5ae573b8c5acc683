"""Workers on a cluster of Ray (extra `ray`)."""
