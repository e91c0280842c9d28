"""Nets as PyTorch modules: the deploy form of a net as Python source that anyone may read, keep and train on."""
