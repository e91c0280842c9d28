"""What the forks' layer types are in PyTorch: a module for each family."""
