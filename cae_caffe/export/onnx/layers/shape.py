"""What gives the same values another shape."""

from __future__ import annotations

from ..registry import exports
from ..writing import LayerWriter


@exports("Reshape", "Flatten")
def reshape(layer: LayerWriter) -> str:
    """Reshape to the top's shape, which Caffe's rules (0, -1, `axis`, `num_axes`) have given."""
    return layer.reshape(layer.bottoms[0], layer.top_shapes[0])
