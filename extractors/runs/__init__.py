"""Many documents: the engine that runs them, and the sinks that keep what comes of them."""
