"""What is done with one net or one solver: train, score, encode, dump activations, verify, diagnose, run a script."""
