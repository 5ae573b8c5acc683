"""What every plug-in of a group keeps, as test classes for pytest: subclass one, say what is tested, and run it."""
