"""DummyData: blobs that a filler fills."""

from __future__ import annotations

import numpy as np
import torch

from ... import schema
from ...errors import InputError
from ..fillers import FILLERS, fill
from ..layer import Layer, at_least, exactly
from .registry import register

LEGACY = ("num", "channels", "height", "width")


@register("DummyData")
class DummyData(Layer):
    """Constants, which are filled in once, and random values, which are drawn from Caffe's stream at each pass.

    (src/caffe/layers/dummy_data_layer.cpp)
    """

    bottoms = exactly(0)
    tops = at_least(1)

    def setup(self, bottom, top):
        param = self.param.dummy_data_param
        fillers = param.data_filler or (schema.view(schema.FillerParameter()),)
        self.fillers = _for_each(fillers, len(top), "data_filler")
        for filler in self.fillers:
            if filler.type not in FILLERS:
                raise InputError(f"the type `{filler.type}` of a `data_filler` does not exist; the types are "
                                 f"{', '.join(sorted(FILLERS))}.")
        for blob, shape in zip(top, self._shapes(len(top))):
            blob.reshape(shape)
        self._fill(top, constant=True)

    def _shapes(self, tops: int) -> list[tuple[int, ...]]:
        param = self.param.dummy_data_param
        if not any(param.has(name) for name in LEGACY):
            return [shape.dim for shape in _for_each(param.shape, tops, "shape")]
        if param.has("shape"):
            raise InputError("it gives both `shape` and the old num, channels, height and width; give `shape` alone.")
        return list(zip(*(_for_each(getattr(param, name), tops, name) for name in LEGACY)))

    def reshape(self, bottom, top):
        """The shapes are set once; after that they are the user's to change."""

    def forward(self, bottom, top):
        self._fill(top, constant=False)

    def _fill(self, top, constant: bool) -> None:
        for blob, filler in zip(top, self.fillers):
            if (filler.type == "constant") == constant:
                blob.data.copy_(torch.from_numpy(self._filled(blob.shape, filler)))

    def _filled(self, shape, filler) -> np.ndarray:
        return fill(self.context.stream(), shape, filler)

    def backward(self, top, propagate_down, bottom):
        pass


def _for_each(given: tuple, tops: int, name: str) -> tuple:
    """What is given once, or once for each top, for each top."""
    if len(given) not in (1, tops):
        raise InputError(f"it gives `{name}` {len(given)} times for {tops} top(s); give it once, or once for each.")
    return given * tops if len(given) == 1 else given
