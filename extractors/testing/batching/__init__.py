"""The message batches of the simulated service: the calls about them, and what becomes of each, in little memory."""
