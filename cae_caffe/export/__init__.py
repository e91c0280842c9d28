"""Nets that leave Caffe: for ONNX, and for PyTorch."""
