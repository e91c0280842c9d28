"""Blobs to and from BlobProto messages, as .caffemodel and .solverstate files hold them (Blob::FromProto, ToProto)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .. import schema
from ..errors import InputError
from ..schema.blob_values import LEGACY_FIELDS, fills, shape_of, stored_values
from .blob import Blob, Shape, shape_string


def fits(message: schema.BlobProto, shape: Shape, others: Sequence[Shape] = ()) -> bool:
    """Whether a BlobProto is of `shape`, or one of the `others`; the four legacy lengths may carry leading ones
    (Blob::ShapeEquals).
    """
    stated = shape_of(message)
    if stated in (tuple(shape), *others):
        return True
    legacy = any(message.HasField(field) for field in LEGACY_FIELDS)
    return legacy and len(shape) <= 4 and stated == (1,) * (4 - len(shape)) + tuple(shape)


def values(message: schema.BlobProto, field: str = "data", name: str = "a blob") -> np.ndarray:
    """The flat float32 values of a BlobProto's `data` or `diff`; doubles are rounded.

    Raises InputError, in which the blob is called `name`, for bytes that are no values (see `stored_values`).
    """
    with np.errstate(over="ignore"):        # beyond float32, doubles are infinite there
        found = stored_values(message, field, name).astype(np.float32, copy=False)
    return found if found.flags.writeable else found.copy()


def array(message: schema.BlobProto, field: str = "data", name: str = "a blob") -> np.ndarray | None:
    """The values in the shape that the BlobProto states, or None if they do not fill it; InputError as `values`."""
    flat, shape = values(message, field, name), shape_of(message)
    if not fills(flat, shape):
        return None
    try:
        return flat.reshape(shape)
    except ValueError:      # no values in a shape too large, or of too many axes, for NumPy
        return None


def read(message: schema.BlobProto, blob: Blob, others: Sequence[Shape] = (), name: str = "a blob") -> None:
    """Copy a BlobProto's data, and its diff if it holds one, into `blob`.

    Raises InputError, in which the BlobProto is called `name`, if the shapes differ, unless the BlobProto's is one of
    the `others`, or if it does not hold as many values.
    """
    if not fits(message, blob.shape, others):
        raise InputError(f"{name} of shape {shape_string(shape_of(message))} is given for one of shape "
                         f"{shape_string(blob.shape)}")
    for field in ("data", "diff"):
        array = values(message, field, name)
        if field == "diff" and not array.size:
            continue
        if array.size != blob.count:
            raise InputError(f"{name} of shape {shape_string(blob.shape)} comes with {array.size} values of {field}")
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
