"""Images out of Datum messages, the records of Caffe's databases."""

from __future__ import annotations

import numpy as np
from google.protobuf.message import DecodeError

from .. import schema
from ..errors import InputError
from . import decoding


def parse(record: bytes, what: str):
    """The Datum of a database's record. Raises InputError, whose message begins with `what`, if it is none."""
    try:
        return schema.Datum.FromString(record)
    except DecodeError:
        raise InputError(f"{what} is no Datum, the message that Caffe's databases hold; write it anew.") from None


def image(datum, mode: str, what: str) -> np.ndarray:
    """The image of a Datum, (channels, height, width), uint8, or float32 if it has its values in `float_data`.

    An encoded one holds the bytes of an image file, which `decoding.decode` reads in `mode`; its channels are blue,
    green and red. Raises InputError, whose message begins with `what`, if it holds no whole image.
    """
    if datum.encoded:
        return decoding.decode(datum.data, mode, what).transpose(2, 0, 1)
    shape = datum.channels, datum.height, datum.width
    count = shape[0] * shape[1] * shape[2]
    if min(shape) < 1:
        raise InputError(f"{what} is a Datum of {shape[0]} channels, height {shape[1]} and width {shape[2]}; all must "
                         "be at least 1.")
    values = np.frombuffer(datum.data, np.uint8) if datum.data else np.array(datum.float_data, np.float32)
    if values.size < count:
        raise InputError(f"{what} is a Datum of {shape[0]}x{shape[1]}x{shape[2]} with {values.size} values; it must "
                         f"have {count}.")
    return values[:count].reshape(shape)
