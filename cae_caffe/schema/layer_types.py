"""The names of layer types: Caffe 1.0's, its forks', those added, and what is said of a name that is none of them."""

from __future__ import annotations

from collections.abc import Iterable

from .. import plugins, spelling
from . import forks

# What BVLC Caffe 1.0 at commit 99bd997, Debian 11's caffe-cpu, registers.
CAFFE_TYPES = """
    AbsVal Accuracy ArgMax BNLL BatchNorm BatchReindex Bias Clip Concat ContrastiveLoss Convolution Crop Data
    Deconvolution Dropout DummyData ELU Eltwise Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output HingeLoss
    Im2col ImageData InfogainLoss InnerProduct Input LRN LSTM LSTMUnit Log MVN MemoryData MultinomialLogisticLoss PReLU
    Parameter Pooling Power Python RNN ReLU Reduction Reshape SPP Scale Sigmoid SigmoidCrossEntropyLoss Silence Slice
    Softmax SoftmaxWithLoss Split Swish TanH Threshold Tile WindowData
""".split()     # noqa: SIM905 (as a list of quoted names it would be hard to read)

# A set that may grow: who writes nets for a Caffe with layers of its own adds their types.
LAYER_TYPES = set(CAFFE_TYPES)


def layer_types() -> list[str]:
    """All layer types, those of forks and of installed packages included, sorted."""
    return sorted(LAYER_TYPES.union(forks.layers(), plugins.layer_types()))


def meaning(type_name: str, known: Iterable[str]) -> str:
    """What stands in brackets behind the unknown `type_name`, with a blank before it: which of `known` it may mean, or
    which fork of Caffe has it. Nothing where neither is known. The names of V0 and V1 layers are understood.
    """
    from .forks import elsewhere  # for wrong names alone

    known = list(known)
    owners = elsewhere.types_owners(type_name)
    if owners and type_name.casefold() not in map(str.casefold, known):
        return f" ({owners})"
    return spelling.in_brackets(type_name, known, _older_names())


def _older_names() -> dict[str, str]:
    """Caffe 1.0's name of each type that V0 and V1 layers name otherwise."""
    from .upgrade import v0, v1  # for wrong names alone

    return {**{old: v1.TYPES[name] for old, name in v0.TYPES.items()}, **v1.TYPES}
