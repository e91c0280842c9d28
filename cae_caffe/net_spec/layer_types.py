"""The layer types: Caffe 1.0's (those that its registry holds, whatever engine runs the net in the end) and others."""

from __future__ import annotations

from .. import plugins
from .errors import UnknownNameError, did_you_mean
from .fields import add_fields

# What BVLC Caffe 1.0 at commit 99bd997, Debian 11's caffe-cpu, registers.
CAFFE_TYPES = """
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data
    Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output HingeLoss
    Im2col ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU
    Parameter Pooling Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice
    Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
""".split()     # noqa: SIM905 (as a list of quoted names it would be hard to read)

# Types that only this package's engine has; nets with them are none for real Caffe.
OWN_TYPES: tuple[str, ...] = ()

# A set that may grow: who writes nets for a Caffe with layers of its own adds their types.
LAYER_TYPES = {*CAFFE_TYPES, *OWN_TYPES}


def require_layer_type(name: str) -> None:
    """Raises UnknownNameError if `name` is no layer type of Caffe's, of this set, or of an installed package."""
    if name not in LAYER_TYPES and name not in plugins.layer_types():
        raise UnknownNameError(f"Caffe has no layer type `{name}`{did_you_mean(name, layer_types())}; for a Caffe that "
                               "has, add it to cae_caffe.net_spec.LAYER_TYPES.")


def add_layer_type(name: str, *fields: str) -> None:
    """Let nets have layers of the type `name`, whose keywords go into these message fields of LayerParameter."""
    LAYER_TYPES.add(name)
    add_fields(name, *fields)


def layer_types() -> list[str]:
    """All layer types, those of installed packages included, sorted."""
    return sorted(LAYER_TYPES.union(plugins.layer_types()))
