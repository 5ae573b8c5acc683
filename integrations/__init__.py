"""Where other libraries take an extractor for one of their own: a module each, and an extra each."""
