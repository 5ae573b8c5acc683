"""What other distributions add by entry points: found by its name, and imported when it is used."""
