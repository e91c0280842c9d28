"""Crop layers of the Caffe that fully convolutional nets were first written for, which align blobs by themselves.

There (J. Long's branch `future`, and HED's, H. Noh's and CRF-RNN's Caffes, which have its layer) a Crop layer says
nothing of where it cuts: the kernels, strides and paddings between its two bottoms tell where the one stands in the
other. Caffe 1.0's Crop begins at `offset`, which is what is written into the layers here.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from ...errors import InputError

_log = logging.getLogger(__name__)
_AXES = "hw"
_FIRST_AXIS = 2
_SAME_PLACES = {"AbsVal", "BN", "BNLL", "BatchNorm", "Bias", "Concat", "Dropout", "ELU", "Eltwise", "Exp", "LRN", "Log",
                "PReLU", "Power", "ReLU", "Scale", "Sigmoid", "Slice", "Softmax", "Split", "TanH", "Threshold"}


class _Map(NamedTuple):
    """On one axis, place x of a blob stands where place scale * x + shift of an earlier one does."""

    scale: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)

    def then(self, earlier: _Map) -> _Map:
        """From the places of this map's blob to those of the blob that `earlier` leads to."""
        return _Map(earlier.scale * self.scale, earlier.scale * self.shift + earlier.shift)

    def inverse(self) -> _Map:
        return _Map(1 / self.scale, -self.shift / self.scale)


_Maps = tuple[_Map, ...]


def align(net, name: str) -> None:
    """Write into each Crop layer of `net` without a `crop_param` where it cuts, in place.

    `name` stands for the net's file in messages. Raises InputError where the bottoms cannot be aligned.
    """
    makers = _makers(net)
    for layer in net.layer:
        if _says_nothing(layer):
            try:
                offsets = _offsets(layer, makers)
            except InputError as error:
                raise InputError(f"{name}: layer `{layer.name}` (type Crop): {error} Give `crop_param {{ axis: 2 "
                                 "offset: ROWS offset: COLUMNS }` to say where it cuts.") from None
            layer.crop_param.axis = _FIRST_AXIS
            layer.crop_param.offset.extend(offsets)


def doubt(net, name: str) -> None:
    """Warn of the first Crop layer of `net` that says nothing and, as in Caffe 1.0, does not align its bottoms."""
    makers = _makers(net) if any(map(_says_nothing, net.layer)) else {}
    for layer in filter(_says_nothing, net.layer):
        try:
            offsets = _offsets(layer, makers)
        except InputError:
            continue
        if any(offsets):
            _warn(name, layer.name, *offsets)
            return


@functools.cache        # a net may be read several times
def _warn(name: str, layer: str, rows: int, columns: int) -> None:
    _log.warning("%s: layer `%s` (type Crop) has no `crop_param`, so that it cuts from 0 on, as in Caffe 1.0. Its "
                 "bottoms align %d rows and %d columns further on, where the Caffe of HED and of the first fully "
                 "convolutional nets would cut. If the net is of that Caffe, give `--fork fcn`, or say `# fork: fcn` "
                 "in the file.",
                 name, layer, rows, columns)


def _makers(net) -> dict[str, object]:
    """By blob, the layer that makes it; one that runs in place moves nothing."""
    makers: dict[str, object] = {}
    for layer in net.layer:
        for top in layer.top:
            makers.setdefault(top, layer)
    return makers


def _says_nothing(layer) -> bool:
    return layer.type == "Crop" and not layer.HasField("crop_param")


def _offsets(crop, makers) -> list[int]:
    """Where on each axis the second bottom begins in the first."""
    if len(crop.bottom) != 2:
        raise InputError(f"it has {len(crop.bottom)} bottoms and takes two.")
    first, second = (dict(_way_back(bottom, makers)) for bottom in crop.bottom)
    common = next((blob for blob in second if blob in first), None)
    if common is None:
        raise InputError(f"its bottoms `{crop.bottom[0]}` and `{crop.bottom[1]}` come from no common blob, so that "
                         "nothing tells where the second stands in the first.")
    return [_offset(mine, other) for mine, other in zip(first[common], second[common])]


def _offset(mine: _Map, other: _Map) -> int:
    if mine.scale != other.scale:
        raise InputError(f"a step in its first bottom is {mine.scale / other.scale} times one in its second, and it "
                         "cuts blobs of one scale only.")
    offset = other.then(mine.inverse()).shift
    if offset.denominator != 1 or offset < 0:
        raise InputError(f"its second bottom begins at {float(offset):g} of its first, and it cuts from a whole number "
                         "that is not negative.")
    return int(offset)


def _way_back(blob: str, makers) -> Iterator[tuple[str, _Maps]]:
    """The blobs from which `blob` is made by first bottoms, itself the first, and how its places lie in each."""
    maps: _Maps = (_Map(),) * len(_AXES)
    yield blob, maps
    while blob in makers and makers[blob].bottom:
        layer = makers[blob]
        maps = tuple(map_.then(step) for map_, step in zip(maps, _step(layer)))
        blob = layer.bottom[0]
        yield blob, maps


def _step(layer) -> _Maps:
    """Where the places of a layer's top lie in its bottom."""
    if layer.type in _SAME_PLACES:
        return (_Map(),) * len(_AXES)
    if layer.type == "Crop":
        offsets = list(layer.crop_param.offset) or [0]
        return tuple(_Map(shift=Fraction(offset)) for offset in (offsets * len(_AXES))[:len(_AXES)])
    if layer.type in ("Convolution", "Deconvolution", "Pooling", "Im2col") and not layer.pooling_param.global_pooling:
        maps = _windows(layer.pooling_param if layer.type == "Pooling" else layer.convolution_param)
        return tuple(map_.inverse() for map_ in maps) if layer.type == "Deconvolution" else maps
    raise InputError(f"between its bottoms is layer `{layer.name}` (type {layer.type}), whose top has no places of its "
                     "bottom.")


def _windows(param) -> _Maps:
    """Where the middles of the windows of a convolution or a pooling lie."""
    def lengths(name: str, default: int) -> list[int]:
        pair = [getattr(param, f"{name}_{axis}") for axis in _AXES if _has(param, f"{name}_{axis}")]
        given = getattr(param, "kernel_size" if name == "kernel" else name, [])
        both = pair or (list(given) if hasattr(given, "__len__") else [given]) or [default]
        return both if len(both) == len(_AXES) else [both[0]] * len(_AXES)

    return tuple(_Map(Fraction(max(stride, 1)), Fraction((kernel - 1) * dilation, 2) - pad)
                 for kernel, stride, pad, dilation     # a stride of 0 is refused where the layer is made
                 in zip(lengths("kernel", 1), lengths("stride", 1), lengths("pad", 0), lengths("dilation", 1)))


def _has(message, field: str) -> bool:
    return field in message.DESCRIPTOR.fields_by_name and message.HasField(field)
