"""A layer as pycaffe shows it, and the base class of the layers that users write in Python."""

# ruff: noqa: SLF001 -- the surface works on the engine's blobs behind it

from __future__ import annotations

from ..engine import layer as engine
from ..engine.layers import python_layer
from ..errors import InputError
from .blob import Blob
from .blob_vec import BlobVec
from .installation import install


class Layer:
    """`type` is Caffe's name of the layer's type, `blobs` its parameters (weights first, then biases).

    A layer of type Python is a subclass that writes `setup(bottom, top)`, `reshape(bottom, top)`, `forward(bottom,
    top)` and `backward(top, propagate_down, bottom)` over lists of Blobs. Before `setup` it gets its attributes
    `param_str` and `phase`; its constructor's argument, if it writes one, is only there to be passed on.
    """

    param_str: str
    phase: int

    def __init__(self, layer: engine.Layer):
        self._layer = layer

    @property
    def blobs(self) -> BlobVec:
        return BlobVec(self._layer.blobs)

    @property
    def type(self) -> str:
        return self._layer.type

    def setup(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Set the layer up for bottoms and tops of the shapes of these; parameters that it has already stay."""
        self._require_own("setup")
        present = list(self._layer.blobs)
        self._layer.blobs.clear()
        self._layer.setup(*_engine_blobs(bottom, top))
        self._layer.blobs[:] = present or self._layer.blobs

    def reshape(self, bottom: list[Blob], top: list[Blob]) -> None:
        """Give the tops the shapes that follow from those of the bottoms."""
        self._require_own("reshape")
        self._layer.reshape(*_engine_blobs(bottom, top))

    def _require_own(self, method: str) -> None:
        """The engine's methods behind these call a Python layer's own, which would call themselves for ever."""
        if self.type == "Python":
            raise InputError(f"The Python layer `{self._layer.name}` has no method `{method}`; write one in its class "
                             f"{type(self).__name__}, if only to do nothing.")


def shown(layer: engine.Layer) -> Layer:
    """The engine's layer as a user sees it; one of type Python is the user's own object."""
    return layer.object if isinstance(layer, python_layer.PythonLayer) else Layer(layer)


python_layer.show_through(python_layer.Surface(Layer, Blob, install))


def _engine_blobs(*lists):
    return [[blob._blob for blob in blobs] for blobs in lists]
