"""What a model said -> data, with every change an `Edit`; no model call."""
