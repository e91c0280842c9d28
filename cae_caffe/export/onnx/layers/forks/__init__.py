"""What the forks' layer types are in ONNX: a module for each family."""
