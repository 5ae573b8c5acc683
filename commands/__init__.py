"""What the command line is made of: its options, its inputs, its runs, its exit codes."""
