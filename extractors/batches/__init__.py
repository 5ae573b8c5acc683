"""Message batches: the asks of many documents at half price, sent in waves, their replies read when they are there."""
