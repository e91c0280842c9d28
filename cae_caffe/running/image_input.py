"""Giving a deploy net its images, out of a list of HDF5 files."""

from __future__ import annotations

import os

import numpy as np

from ..analysis.nets import require_image_shape, single_input
from ..backend_protocol import Net
from ..data import HDF5Source

IMAGES, LABEL = "data", "label"


def image_input(net: Net, net_file: str | os.PathLike, source: HDF5Source, data: str | os.PathLike) -> str:
    """The net's one input blob, once the images of `source`, read from the list `data`, are known to fit it."""
    blob = single_input(net, net_file)
    require_image_shape(net, blob, source.shape(IMAGES)[1:], net_file, data)
    return blob


def feed(net: Net, blob: str, images: np.ndarray) -> None:
    """Make `images` (n, ...) the content of the input `blob`, and n the batch size of the whole net."""
    if tuple(net.blobs[blob].shape) != images.shape:
        net.blobs[blob].reshape(*images.shape)
        net.reshape()
    net.blobs[blob].data[...] = images


def labels(source: HDF5Source, start: int, stop: int) -> np.ndarray | None:
    """Labels (stop - start,) of rows `start` to `stop`, or None if `source` does not have one number for each image."""
    if LABEL not in source.names:
        return None
    rows = source.rows(LABEL, start, stop)
    return rows.reshape(-1) if rows.size == len(rows) else None
