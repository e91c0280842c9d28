"""The layer types of Caffe 1.0 (those that its registry holds, whatever engine runs the net in the end)."""

from __future__ import annotations

from .errors import UnknownNameError, did_you_mean

# A set that may grow: who writes nets for a Caffe with layers of its own adds their types.
LAYER_TYPES = set("""
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data
    Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output HingeLoss
    Im2col ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU
    Parameter Pooling Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice
    Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
""".split())


def require_layer_type(name: str) -> None:
    """Raises UnknownNameError if `name` is no layer type."""
    if name not in LAYER_TYPES:
        raise UnknownNameError(f"Caffe has no layer type `{name}`{did_you_mean(name, LAYER_TYPES)}; for a Caffe that "
                               "has, add it to cae_caffe.net_spec.LAYER_TYPES.")
