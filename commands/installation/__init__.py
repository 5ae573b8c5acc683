"""The commands on what is installed: what works here, models, plug-ins."""
