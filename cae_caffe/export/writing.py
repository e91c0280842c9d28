"""What a layer is written with, whatever the format: its settings, shapes and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.layer import Layer
from ..graph import Node

Shape = tuple[int, ...]


class WrittenLayer:
    """A layer on its way out; each format derives its LayerWriter from it.

    `layer` is the engine's, set up: its `param`, and settings such as `axis`, `kernel` and `stride`, as Caffe computes
    them. `bottoms` are what the format calls the values that it reads; `bottom_shapes` and `top_shapes` are those that
    the net has as it is written.
    """

    def __init__(self, node: Node, layer: Layer, bottoms: Sequence[str]):
        self.node = node
        self.layer: Any = layer         # of a class with settings of its own
        self.name, self.type, self.param = node.name, node.type, layer.param
        self.bottoms = list(bottoms)
        self.bottom_shapes: list[Shape] = [value.shape for value in node.inputs]
        self.top_shapes: list[Shape] = [value.shape for value in node.outputs]

    def array(self, index: int) -> np.ndarray:
        """The values of parameter `index`, float32."""
        return self.layer.blobs[index].data.detach().cpu().numpy()
