"""One HTTP try: its address, its time, its size, and no credential in what it brings."""
