"""Convolution and Deconvolution, what forks call them, and Im2col."""

from __future__ import annotations

import numpy as np

from ..registry import exports
from ..writing import LayerWriter


@exports("Convolution", "Deconvolution", "ConvolutionDepthwise", "DepthwiseConvolution")
def convolution(layer: LayerWriter) -> list[str]:
    """Conv or ConvTranspose for each bottom, Gemm without spatial axes; axes before the channels are folded."""
    convolve = _convolve if layer.layer.spatial_axes else _multiply
    return [convolve(layer, x, shape, top)
            for x, shape, top in zip(layer.bottoms, layer.bottom_shapes, layer.top_shapes)]


def _convolve(layer: LayerWriter, x: str, shape: tuple[int, ...], top: tuple[int, ...]) -> str:
    settings = layer.layer
    kind = "ConvTranspose" if settings.transposed else "Conv"
    pads = settings.pad
    if settings.axis != 1:
        x = layer.reshape(x, (-1, *shape[settings.axis:]))
    if any(pads) and not settings.transposed and max(settings.kernel + settings.stride) == 1:
        x = layer.pad(x, (0, 0, *pads), (0, 0, *pads))      # which OpenCV 5 forgets in a Conv of such kernels
        pads = (0,) * len(pads)
    y = layer.op(kind, x, layer.weight(0, name="weight"), *_bias(layer), kernel_shape=list(settings.kernel),
                 strides=list(settings.stride), pads=[*pads, *pads], dilations=list(settings.dilation),
                 group=settings.group)
    return y if settings.axis == 1 else layer.reshape(y, (-1, *top[1:]))


def _bias(layer: LayerWriter) -> list[str]:
    return [layer.weight(1, name="bias")] if len(layer.layer.blobs) > 1 else []


def _multiply(layer: LayerWriter, x: str, shape: tuple[int, ...], top: tuple[int, ...]) -> str:
    is_rows = len(shape) == 2 and layer.layer.axis == 1
    rows = x if is_rows else layer.op("Flatten", x, axis=layer.layer.axis)
    weights = layer.weight(0, _matrix(layer), "matrix")
    product = layer.op("Gemm", rows, weights, *_bias(layer), transB=int(not layer.layer.transposed))
    return product if is_rows else layer.reshape(product, (-1, *top[1:]))


def _matrix(layer: LayerWriter) -> np.ndarray:
    """The weights of a kernel of one value, (outputs, inputs) or transposed: a block for each group, else zeros."""
    blocks = layer.array(0)
    group = layer.layer.group
    if group == 1:
        return blocks
    height, width = len(blocks) // group, blocks.shape[1]
    matrix = np.zeros((len(blocks), group * width), np.float32)
    for number in range(group):
        rows = slice(number * height, (number + 1) * height)
        matrix[rows, number * width:(number + 1) * width] = blocks[rows]
    return matrix


@exports("Im2col")
def im2col(layer: LayerWriter) -> str:
    """Pad, and Gather along each spatial axis, whose indices say what each place of the kernel sees; then Reshape."""
    settings, top = layer.layer, layer.top_shapes[0]
    first = settings.axis + 1
    x = layer.bottoms[0]
    if any(settings.pad):
        x = layer.pad(x, (0,) * first + settings.pad, (0,) * first + settings.pad)
    axis, kernel_axes, spatial_axes = first, [], []
    for length, number, kernel, stride, pad, dilation in zip(
            layer.bottom_shapes[0][first:], top[first:], settings.kernel, settings.stride, settings.pad,
            settings.dilation):
        seen = np.arange(kernel)[:, None] * dilation + np.arange(number) * stride
        if kernel > 1:
            x = layer.op("Gather", x, layer.integers(seen), axis=axis)
            kernel_axes.append(axis)
            axis += 1
        elif number < length + 2 * pad:
            x = layer.op("Gather", x, layer.integers(seen[0]), axis=axis)
        spatial_axes.append(axis)
        axis += 1
    if not kernel_axes:
        return x
    order = [*range(first), *kernel_axes, *spatial_axes]
    if order != sorted(order):
        x = layer.transpose(x, order)
    return layer.reshape(x, (*[0] * settings.axis, -1, *top[first:]))
