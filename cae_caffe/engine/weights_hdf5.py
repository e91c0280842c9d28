"""A net's parameters in HDF5, as Caffe lays them out (ToHDF5, CopyTrainedLayersFromHDF5 of src/caffe/net.cpp).

The group `data` has a group for each layer, and in it a float32 dataset for each parameter, named by its number. A
parameter that shares another's memory is left out. The group `diff`, if it is there, holds all gradients likewise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import torch

from .. import files
from ..errors import InputError
from ..hdf5 import reading, writing
from . import log
from .blob import Blob, shape_string
from .layer import Layer

if TYPE_CHECKING:
    from .net import Net

FLOAT = "<f4"


def content(net: Net, with_diff: bool = False) -> bytes:
    """The HDF5 file of the parameters of `net`, and of their gradients if wanted."""
    def fill(file: h5py.File) -> None:
        for kind in ("data", "diff") if with_diff else ("data",):
            group = file.create_group(kind)
            for number, layer in enumerate(net.layers):
                _write_layer(net, number, layer, group.require_group(layer.name), kind)
    return writing.content(fill)


def write(net: Net, path: str) -> None:
    """Write the parameters of `net` to the HDF5 file `path`, never half of it."""
    files.write_bytes(path, content(net))


def _write_layer(net: Net, number: int, layer: Layer, group: h5py.Group, kind: str) -> None:
    for index, blob in enumerate(layer.blobs):
        if kind == "diff" or (number, index) not in net.parameters.shared:
            values = blob.data if kind == "data" else blob.diff
            group.create_dataset(str(index), data=values.detach().cpu().contiguous().numpy(), dtype=FLOAT)


def read(path: str, net: Net) -> None:
    """Copy the parameters in the HDF5 file `path` into the layers of `net` that have their names.

    Raises InputError if the file is no such file, or the parameters of a layer differ in number or shape.
    """
    with reading.opened(path) as file:
        data = file.find("data")
        if not isinstance(data, reading.Group):
            raise InputError(f"{path}: the file has no group `data`, so it does not hold a net's weights.")
        for name in data.names():
            _read_layer(path, name, data.group(name), net)


def _read_layer(path: str, name: str, group: reading.Group, net: Net) -> None:
    # As in Caffe, the last layer of a name; binary weights go to the first.
    number = max((i for i, other in enumerate(net.layer_names) if other == name), default=None)
    if number is None:
        log.info("net.cpp:801", f"Ignoring source layer {name}")
        return
    blobs, names = net.layers[number].blobs, group.names()
    missing = [i for i in range(len(blobs)) if str(i) not in names and (number, i) not in net.parameters.shared]
    if missing or len(names) > len(blobs):
        raise InputError(f"{path}: layer `{name}` has {len(names)} parameter(s) there, and {len(blobs)} in the net; "
                         "take the weights of this net, or rename the layer to train it from scratch.")
    for index, blob in enumerate(blobs):
        if str(index) in names:
            _read_blob(path, name, index, group.dataset(str(index)), blob)


def _read_blob(path: str, name: str, index: int, dataset: reading.Dataset, blob: Blob) -> None:
    if dataset.shape != blob.shape:
        raise InputError(f"{path}: parameter {index} of layer `{name}` has shape {shape_string(dataset.shape)} there, "
                         f"and {shape_string(blob.shape)} in the net; take the weights of this net, or rename the "
                         "layer to train it from scratch.")
    blob.data.copy_(torch.from_numpy(dataset.floats()))
