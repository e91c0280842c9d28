"""The embedded Caffe: nets, layers, fillers and solvers of Caffe 1.0 on PyTorch.

`Net` builds and runs a net from a NetParameter, `solvers.create` a solver from a SolverParameter. Users reach both
through `cae_caffe.pycaffe`, which carries pycaffe's own names.
"""

from .blob import Blob
from .net import Net

__all__ = ["Blob", "Net"]
