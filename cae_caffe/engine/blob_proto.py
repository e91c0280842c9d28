"""Blobs to and from BlobProto messages, as .caffemodel and .solverstate files hold them (Blob::FromProto, ToProto)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from .. import schema
from ..errors import InputError
from .blob import Blob, Shape, shape_string

LEGACY_FIELDS = ("num", "channels", "height", "width")


def shape_of(message: schema.BlobProto) -> Shape:
    """The shape that a BlobProto states; old ones state it as num, channels, height and width."""
    if any(message.HasField(field) for field in LEGACY_FIELDS):
        return tuple(getattr(message, field) for field in LEGACY_FIELDS)
    return tuple(message.shape.dim)


def fits(message: schema.BlobProto, shape: Shape, others: Sequence[Shape] = ()) -> bool:
    """Whether a BlobProto is of `shape`, or one of the `others`; the four legacy lengths may carry leading ones
    (Blob::ShapeEquals).
    """
    stated = shape_of(message)
    if stated in (tuple(shape), *others):
        return True
    legacy = any(message.HasField(field) for field in LEGACY_FIELDS)
    return legacy and len(shape) <= 4 and stated == (1,) * (4 - len(shape)) + tuple(shape)


def values(message: schema.BlobProto, field: str = "data") -> np.ndarray:
    """The flat float32 values of a BlobProto's `data` or `diff`; doubles are rounded."""
    double = getattr(message, f"double_{field}")
    return np.array(double if len(double) else getattr(message, field), dtype=np.float32)


def array(message: schema.BlobProto, field: str = "data") -> np.ndarray | None:
    """The values in the shape that the BlobProto states, or None if they do not fill it."""
    flat, shape = values(message, field), shape_of(message)
    if any(length < 0 for length in shape) or math.prod(shape) != flat.size:
        return None
    try:
        return flat.reshape(shape)
    except ValueError:      # no values in a shape too large, or of too many axes, for NumPy
        return None


def read(message: schema.BlobProto, blob: Blob, others: Sequence[Shape] = ()) -> None:
    """Copy a BlobProto's data, and its diff if it holds one, into `blob`.

    Raises InputError if the shapes differ, unless the BlobProto's is one of the `others`.
    """
    if not fits(message, blob.shape, others):
        raise InputError(f"a blob of shape {shape_string(shape_of(message))} is given for one of shape "
                         f"{shape_string(blob.shape)}")
    for field in ("data", "diff"):
        array = values(message, field)
        if field == "diff" and not array.size:
            continue
        if array.size != blob.count:
            raise InputError(f"a blob of shape {shape_string(blob.shape)} comes with {array.size} values of {field}")
        target = blob.data if field == "data" else blob.diff
        target.copy_(torch.from_numpy(array).view(blob.shape))


def write_shape(shape: Shape, message: schema.BlobProto) -> None:
    """Put a shape into an empty BlobProto; one without axes is none there, as in Caffe, and OpenCV reads no other."""
    if shape:
        message.shape.dim.extend(shape)


def write(blob: Blob, message: schema.BlobProto, with_diff: bool = False) -> None:
    """Put a blob's shape and data, and its diff if wanted, into an empty BlobProto."""
    write_shape(blob.shape, message)
    _put(message, "data", blob.data)
    if with_diff:
        _put(message, "diff", blob.diff)


def _put(message: schema.BlobProto, field: str, tensor: torch.Tensor) -> None:
    """Fill a packed field of floats by its bytes: handed over one by one, eight million values take seconds.

    (Protocol Buffers' encoding: the field's number with wire type 2, the length in bytes, the values.)
    """
    packed = tensor.detach().cpu().contiguous().view(-1).numpy().astype("<f4", copy=False).tobytes()
    number = message.DESCRIPTOR.fields_by_name[field].number
    message.MergeFromString(_varint(number << 3 | 2) + _varint(len(packed)) + packed)


def _varint(value: int) -> bytes:
    """`value` in groups of seven bits, the lowest first; all but the last have the eighth bit set."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
