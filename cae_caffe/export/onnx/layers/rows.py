"""Embed, BatchReindex and Filter: rows chosen by the values of a blob.

Row numbers that the layers refuse are an error in ONNX too, but for those from -1 down to -rows, which count from the
end.
"""

from __future__ import annotations

import numpy as np

from ..registry import exports
from ..writing import LayerWriter


@exports("Embed")
def embed(layer: LayerWriter) -> str:
    """Gather of the weights' rows, to which the bias is added beforehand."""
    rows = layer.array(0)
    if len(layer.layer.blobs) > 1:
        rows = rows + layer.array(1)
    return layer.op("Gather", layer.weight(0, rows, "rows"), layer.cast(layer.bottoms[0], np.int64), axis=0)


@exports("BatchReindex")
def batch_reindex(layer: LayerWriter) -> str:
    """Gather."""
    x, numbers = layer.bottoms
    return layer.op("Gather", x, layer.cast(numbers, np.int64), axis=0)


@exports("Filter")
def filtered(layer: LayerWriter) -> list[str]:
    """NonZero of the selector, and Gather of each bottom: Compress would say it at once, but OpenCV has none."""
    *bottoms, selector = layer.bottoms
    if len(layer.bottom_shapes[-1]) > 1:
        selector = layer.reshape(selector, [-1])
    numbers = layer.reshape(layer.op("NonZero", selector), [-1])
    return [layer.op("Gather", x, numbers, axis=0) for x in bottoms]
