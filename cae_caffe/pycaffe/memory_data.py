"""The arrays that `net.set_input_arrays` hands to a MemoryData layer."""

from __future__ import annotations

from typing import cast

import numpy as np

from ..engine import layer as engine
from ..engine.layers.memory_data import MemoryData, batch_shape
from ..errors import InputError


def set_arrays(layer: engine.Layer, data: np.ndarray, labels: np.ndarray) -> None:
    """Let the MemoryData `layer` feed `data` (n, channels, height, width) and `labels` (n,) or (n, 1, 1, 1), in turn.

    Where the layer's `dim` gives other axes, both have so many. They are C-contiguous and float32, and n is a multiple
    of the layer's batch size; the layer reads them where they are. Raises InputError for anything else, and for a layer
    of another type.
    """
    if layer.type != "MemoryData":
        raise InputError(f"set_input_arrays is for nets whose first layer is a MemoryData layer; here it is "
                         f"`{layer.name}`, of type {layer.type}. Write into net.blobs[...].data instead.")
    batch, *row = batch_shape(layer.param.memory_data_param)
    if labels.ndim == 1:
        labels = np.ascontiguousarray(labels.reshape(-1, *[1] * len(row)))
    _check(layer.name, "data", data, tuple(row))
    _check(layer.name, "labels", labels, (1,) * len(row))
    if len(data) != len(labels):
        raise InputError(f"Layer `{layer.name}` is given {len(data)} rows of data and {len(labels)} labels; give one "
                         "label for each row.")
    if len(data) % batch:
        raise InputError(f"Layer `{layer.name}` is given {len(data)} rows; give a multiple of its batch size, "
                         f"{batch}.")
    cast(MemoryData, layer).set_arrays(data, labels)


def _check(name: str, what: str, array: np.ndarray, row: tuple[int, ...]) -> None:
    if array.dtype != np.float32 or not array.flags.c_contiguous:
        raise InputError(f"Layer `{name}` needs its {what} as a C-contiguous array of float32, not of {array.dtype}"
                         f"{'' if array.flags.c_contiguous else ', strided'}; give "
                         f"np.ascontiguousarray({what}, dtype=np.float32).")
    if array.shape[1:] != row:
        raise InputError(f"Layer `{name}` is given {what} of shape {array.shape}; its rows have shape {row}, so give "
                         f"(n, {', '.join(map(str, row))}).")
