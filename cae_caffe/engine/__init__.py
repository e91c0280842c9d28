"""The embedded Caffe: nets, layers, fillers and solvers of Caffe 1.0 on PyTorch.

`Net` builds and runs a net from a NetParameter, `solvers.create` a solver from a SolverParameter. Users reach both
through `cae_caffe.pycaffe`, which carries pycaffe's own names. Who writes a layer derives it from `Layer`, or from
`AutogradLayer` if it says only what it computes, and registers it by `cae_caffe.register_layer`.
"""

# ruff: noqa: E402 (threads are told how to wait before anything below imports PyTorch)

from ..wait_policy import wait_passively

wait_passively()

from .autograd_layer import AutogradLayer
from .blob import Blob
from .layer import Layer, at_least, between, exactly
from .net import Net
from .traits import Traits

__all__ = ["AutogradLayer", "Blob", "Layer", "Net", "Traits", "at_least", "between", "exactly"]
