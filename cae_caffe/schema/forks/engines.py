"""The kernels that Intel's (intel/caffe), naibaf7's and NVIDIA's forks let a net choose: read, as Caffe's own `engine`
fields are, and without effect, for all layers have the kernels of this engine.
"""

from __future__ import annotations

from ..definitions import Enum, Field, Message
from .declaration import ForkLayer

_INTELS = ("MKL2017", "MKLDNN")
_NAIBAF7S = {"ConvolutionParameter": ("LIBDNN", "INTEL_SPATIAL", "FFT"), "PoolingParameter": ("LIBDNN",)}
_WITH_AN_ENGINE = ("ConvolutionParameter", "LRNParameter", "PoolingParameter", "ReLUParameter")     # in Caffe 1.0
_WITHOUT = ("BatchNormParameter", "ConcatParameter", "DropoutParameter", "EltwiseParameter", "InnerProductParameter")
_OWN = 10       # a first number for values of others, which Caffe's are below

MESSAGES = [
    *(Message(name, Enum("Engine", {value: _OWN + i for i, value in enumerate(_INTELS + _NAIBAF7S.get(name, ()))}))
      for name in _WITH_AN_ENGINE),
    *(Message(name, Enum("Engine", ("DEFAULT", "CAFFE", "CUDNN", *_INTELS)),
              Field("engine", "Engine", default="DEFAULT")) for name in _WITHOUT),
    *(Message(name, Field("engine", "string")) for name in ("LayerParameter", "NetParameter", "SolverParameter")),
]

LAYERS: dict[str, ForkLayer] = {}

V1_TYPES: dict[str, str] = {}
