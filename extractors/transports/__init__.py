"""What answers in the place of Anthropic's service: the seam, of what is built in and of plug-ins."""
