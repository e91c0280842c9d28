"""The shape and the values of a BlobProto, whichever of its fields hold them.

Caffe has floats or doubles. NVIDIA's Caffe (Blob::FromProto, src/caffe/blob.cpp) and OpenCV (caffe_importer.cpp,
caffe_shrinker.cpp) also have bytes, `raw_data`, with their type, `raw_data_type`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import InputError

LEGACY_FIELDS = ("num", "channels", "height", "width")
RAW_FIELDS = ("raw_data_type", "raw_data")
RAW_TYPES = {"DOUBLE": "<f8", "FLOAT": "<f4", "FLOAT16": "<f2"}
_KNOWN = "FLOAT16, FLOAT and DOUBLE"


def shape_of(message: Any) -> tuple[int, ...]:
    """The shape that a BlobProto states; old ones state it as num, channels, height and width."""
    if any(message.HasField(field) for field in LEGACY_FIELDS):
        return tuple(getattr(message, field) for field in LEGACY_FIELDS)
    return tuple(message.shape.dim)


def stored_values(message: Any, field: str = "data", name: str = "a blob") -> np.ndarray:
    """The flat values of a BlobProto's `data` or `diff` in the precision they are stored in: float64, 32 or 16.

    Doubles go before floats and those before bytes, as in NVIDIA's Caffe. The array may be read-only. Raises
    InputError, in which the blob is called `name`, for bytes of a type that is not known or of no whole number.
    """
    doubles, floats = getattr(message, f"double_{field}"), getattr(message, field)
    if len(doubles):
        return np.array(doubles, dtype=np.float64)
    if len(floats) or field == "diff" or not message.HasField("raw_data"):
        return np.array(floats, dtype=np.float32)
    return _raw_values(message, name)


def whole_values(message: Any, name: str = "a blob") -> np.ndarray:
    """As `stored_values` of data, in the shape that the BlobProto states; InputError also if they do not fill it."""
    flat, shape = stored_values(message, name=name), shape_of(message)
    if not fills(flat, shape):
        raise InputError(f"{name} holds {flat.size} values, and its shape {'x'.join(map(str, shape)) or 'of no axes'} "
                         "has another number of them; the file is damaged.")
    try:
        return flat.reshape(shape)
    except ValueError:
        raise InputError(f"{name} has {len(shape)} axes, which are more than an array can have.") from None


def fills(flat: np.ndarray, shape: tuple[int, ...]) -> bool:
    """Whether there are as many values as an array of `shape` has."""
    return all(length >= 0 for length in shape) and math.prod(shape) == flat.size


def unpack(message: Any, name: str = "a blob") -> None:
    """Put what a BlobProto holds as bytes into the fields of Caffe 1.0, exactly; InputError as `stored_values`."""
    if not message.HasField("raw_data"):
        return
    flat = stored_values(message, name=name)
    if not message.data and not message.double_data:
        (message.double_data if flat.dtype == np.float64 else message.data).extend(flat.tolist())
    for field in RAW_FIELDS:
        message.ClearField(field)


def _raw_values(message: Any, name: str) -> np.ndarray:
    """The values in `raw_data`."""
    kind = message.DESCRIPTOR.fields_by_name["raw_data_type"].enum_type.values_by_number[message.raw_data_type].name
    if not message.HasField("raw_data_type"):
        raise InputError(f"{name} holds {len(message.raw_data)} bytes as `raw_data` without a `raw_data_type` that is "
                         f"known; {_KNOWN} are.")
    if kind not in RAW_TYPES:
        raise InputError(f"{name} holds `raw_data` of the type {kind}, which no Caffe reads; weights are {_KNOWN}.")
    dtype = np.dtype(RAW_TYPES[kind])
    if len(message.raw_data) % dtype.itemsize:
        raise InputError(f"{name} holds {len(message.raw_data)} bytes as `raw_data`, which are no whole number of "
                         f"{kind} values of {dtype.itemsize} bytes; the file is damaged.")
    return np.frombuffer(message.raw_data, dtype)
