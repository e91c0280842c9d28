"""A layer as pycaffe shows it: its type and its parameter blobs."""

from __future__ import annotations

from ..engine import layer as engine
from .blob import Blob


class Layer:
    """`type` is Caffe's name of the layer's type, `blobs` the list of its parameters (weights first, then biases)."""

    def __init__(self, layer: engine.Layer):
        self._layer = layer
        self.blobs = [Blob(blob) for blob in layer.blobs]

    @property
    def type(self) -> str:
        return self._layer.type
