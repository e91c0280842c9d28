"""What gives the same values another shape, joins them or takes them apart."""

from __future__ import annotations

from ..literals import literal
from ..registry import exports
from ..writing import LayerWriter


@exports("Flatten")
def flatten(layer: LayerWriter) -> str:
    """Tensor.flatten, or unsqueeze where there is nothing to be made one."""
    param, axes = layer.param.flatten_param, len(layer.bottom_shapes[0])
    first, last = (axis % axes for axis in (param.axis, param.end_axis))
    x = layer.bottoms[0]
    if last < first:
        return f"{x}.unsqueeze({first})"
    return f"{x}.flatten({first})" if last == axes - 1 else f"{x}.flatten({first}, {last})"


@exports("Reshape")
def reshape(layer: LayerWriter) -> str:
    """Tensor.reshape, with the bottom's lengths where Caffe copies them."""
    param, shape, x = layer.param.reshape_param, layer.bottom_shapes[0], layer.bottoms[0]
    first = param.axis if param.axis >= 0 else len(shape) + param.axis + 1
    end = len(shape) if param.num_axes == -1 else first + param.num_axes
    middle = [str(dim) if dim else f"{x}.shape[{first + place}]" for place, dim in enumerate(param.shape.dim)]
    lengths = [f"{x}.shape[{axis}]" for axis in range(first)] + middle
    lengths += [f"{x}.shape[{axis}]" for axis in range(end, len(shape))]
    return f"{x}.reshape({', '.join(lengths) or '()'})"


@exports("Concat")
def concat(layer: LayerWriter) -> str:
    """torch.cat."""
    return f"torch.cat([{', '.join(layer.bottoms)}], {layer.layer.axis})"


@exports("Slice")
def slice_(layer: LayerWriter) -> str | list[str]:
    """Tensor.chunk, or with `slice_point` Tensor.tensor_split."""
    points, number, axis = layer.param.slice_param.slice_point, len(layer.top_shapes), layer.layer.axis
    if number == 1:
        return layer.bottoms
    return f"{layer.bottoms[0]}.{f'tensor_split({literal(points)}' if points else f'chunk({number}'}, {axis})"


@exports("Split")
def split(layer: LayerWriter) -> list[str]:
    """The bottom, for each top."""
    return layer.bottoms * len(layer.top_shapes)


@exports("Tile")
def tile(layer: LayerWriter) -> str:
    """Tensor.repeat."""
    times = [1] * len(layer.bottom_shapes[0])
    times[layer.layer.axis] = layer.layer.tiles
    return f"{layer.bottoms[0]}.repeat({', '.join(map(str, times))})"


@exports("Crop")
def crop(layer: LayerWriter) -> str:
    """A slice as long as the second bottom."""
    x, like = layer.bottoms
    param, axes = layer.param.crop_param, len(layer.bottom_shapes[0])
    first = param.axis % axes
    offsets = list(param.offset) or [0]
    offsets = offsets * (axes - first) if len(offsets) == 1 else offsets
    slices = [":"] * first + [f"{offset}:{offset} + {like}.shape[{axis}]" if offset else f":{like}.shape[{axis}]"
                              for axis, offset in enumerate(offsets, first)]
    return f"{x}[{', '.join(slices)}]"
