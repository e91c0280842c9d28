"""Nets as ONNX models: the deploy form of a net in standard operators, layer by layer, exactly as Caffe computes it."""
