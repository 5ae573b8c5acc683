"""What is lent to workers for a second: starts within the limits, and money."""
