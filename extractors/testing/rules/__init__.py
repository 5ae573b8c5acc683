"""What the service refuses: the simulated service's own tables, beside the product's."""
