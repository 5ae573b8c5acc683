"""Budgets: what may be spent in an hour, a day, a week or a month, for a label, over all runs and the service."""
