"""What each layer type is in PyTorch: a module for each family, found by registry.py."""
