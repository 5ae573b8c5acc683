"""What tests of extractions stand on: a simulated service, faults, cassettes, laws, fixtures."""
