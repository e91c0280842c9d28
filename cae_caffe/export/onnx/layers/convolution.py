"""Convolution and Deconvolution, and what forks call them."""

from __future__ import annotations

from ..registry import Inexpressible, exports
from ..writing import LayerWriter


@exports("Convolution", "Deconvolution", "ConvolutionDepthwise", "DepthwiseConvolution")
def convolution(layer: LayerWriter) -> list[str]:
    """Conv or ConvTranspose for each bottom; other axes than one batch axis are folded into it."""
    settings = layer.layer
    kind = "ConvTranspose" if settings.transposed else "Conv"
    if not settings.spatial_axes:
        raise Inexpressible("a convolution without spatial axes is none in ONNX")
    constants = [layer.weight(0, name="weight")]
    if len(settings.blobs) > 1:
        constants.append(layer.weight(1, name="bias"))
    options = {"kernel_shape": list(settings.kernel), "strides": list(settings.stride), "pads": list(settings.pad) * 2,
               "dilations": list(settings.dilation), "group": settings.group}
    tops = []
    for x, shape, top in zip(layer.bottoms, layer.bottom_shapes, layer.top_shapes):
        if settings.axis == 1:
            tops.append(layer.op(kind, x, *constants, **options))
            continue
        folded = layer.reshape(x, (-1, *shape[settings.axis:]))
        tops.append(layer.reshape(layer.op(kind, folded, *constants, **options), top))
    return tops
