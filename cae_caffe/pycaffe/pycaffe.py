"""`caffe.pycaffe`: the classes that scripts import from there, and the functions that Caffe's module makes Net of."""

# ruff: noqa: SLF001 -- Caffe's own names for what is Net's here

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence

import numpy as np

from ._caffe import (
    NCCL,
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    Net,
    RMSPropSolver,
    SGDSolver,
    Timer,
)

__all__ = [
    "NCCL",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "NesterovSolver",
    "Net",
    "OrderedDict",
    "RMSPropSolver",
    "SGDSolver",
    "Timer",
    "np",
]

_Net_forward = Net.forward
_Net_backward = Net.backward
_Net_forward_all = Net.forward_all
_Net_forward_backward_all = Net.forward_backward_all
_Net_set_input_arrays = Net.set_input_arrays
_Net_batch = Net._batch


def _of_each(name: str) -> property:
    return property(lambda net: getattr(net, name))


_Net_blobs = _of_each("blobs")
_Net_blob_loss_weights = _of_each("blob_loss_weights")
_Net_layer_dict = _of_each("layer_dict")
_Net_params = _of_each("params")
_Net_inputs = _of_each("inputs")
_Net_outputs = _of_each("outputs")


def _Net_get_id_name(func: Callable[[Net, int], Sequence[int]], field: str) -> property:  # noqa: N802 - Caffe's
    """A property of Net: by a layer's name, the names of the blobs whose numbers `func` gives for the layer's."""
    return property(lambda net: net._names_of(functools.partial(func, net)), doc=field)
