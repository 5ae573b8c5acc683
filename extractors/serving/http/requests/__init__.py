"""What comes to the service: bounded and refused, who it is of, what it holds, and problems as its answers."""
