"""What people look at in a browser: markup, one file that needs nothing else, texts cut where marks begin and end."""
