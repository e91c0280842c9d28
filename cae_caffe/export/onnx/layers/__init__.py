"""What each layer type is in ONNX: a module for each family, found by registry.py."""
