"""Convolution and deconvolution as matrix products. README.md tells the idea.

`choose` takes a layer's `ConvolutionGeometry` and returns the `Kernel` that computes it forward and backward, of the
first `Candidate` that is worth it; `register` adds one. The kernels of one net share a `Scratch`.
"""

from .band import BandKernel
from .buffers import Scratch
from .candidate import Candidate
from .geometry import ConvolutionGeometry
from .kernel import Kernel
from .matmul import MatmulKernel
from .native import NativeKernel
from .plane import PlaneKernel
from .rule import choose, register
from .unfold import UnfoldKernel

__all__ = ["BandKernel", "Candidate", "ConvolutionGeometry", "Kernel", "MatmulKernel", "NativeKernel", "PlaneKernel",
           "Scratch", "UnfoldKernel", "choose", "register"]
