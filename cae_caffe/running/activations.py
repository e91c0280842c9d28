"""Every blob of a net for chosen images, in one HDF5 file (what the paper's Fig. 7 is drawn from)."""

from __future__ import annotations

import h5py
import numpy as np

from ..analysis.nets import open_graph
from ..backend_protocol import Backend
from ..data import HDF5Source
from ..data.hdf5_writer import write_errors
from ..errors import InputError
from ..files import write_bytes
from ..graph import Graph
from ..hdf5 import writing
from .image_input import IMAGES, feed, image_input, labels

DEFAULT_COUNT = 10
INDICES, LABELS = "image", "label"


def dump(backend: Backend, net_file, weights, data, out, images=None) -> list[int]:
    """Run images of the list `data` through the deploy net and write each blob to the HDF5 file `out`.

    `images` are indices into `data`, from 0; by default the first image of each of the first ten classes, or the
    first ten images where there are no labels. Returns the indices.

    A blob's dataset has its name and its shape as Caffe has it, the batch axis first. Attributes: `order` (from 0),
    `layer` and `type` of the layer that made it. Layers that work in place share a blob: what is stored, and named, is
    the last of them. The copies that Split layers make are left out. Datasets `image` and `label` hold the
    indices and the labels (if there are any); attributes of the file name the net, the weights and the list.
    Raises `InputError` for files that are missing or do not fit together, and for an index out of range; `RunError` if
    `out` cannot be written.
    """
    with HDF5Source(data) as source:
        net, graph = open_graph(backend, net_file, weights)
        blob = image_input(net, net_file, source, data)
        chosen = _checked(_default_images(source) if images is None else images, len(source), data)
        feed(net, blob, np.concatenate([source.rows(IMAGES, index, index + 1) for index in chosen]))
        found = [label for label in (labels(source, index, index + 1) for index in chosen) if label is not None]
    net.forward()

    def fill(file: h5py.File) -> None:
        file.attrs.update(net=str(net_file), weights=str(weights), data=str(data))
        file[INDICES] = np.array(chosen, np.int64)
        if found:
            file[LABELS] = np.concatenate(found)
        _write_blobs(file, graph)
    content = writing.content(fill)
    with write_errors(out):
        write_bytes(out, content)
    return chosen


def _write_blobs(file: h5py.File, graph: Graph) -> None:
    for order, (name, value) in enumerate(graph.finals.items()):
        try:
            dataset = file.create_dataset(name, data=value.blob.array)
        except (OSError, RuntimeError, ValueError) as error:
            # HDF5 takes "/" for folders: of the blobs `a` and `a/b`, or `image`, only one can be written.
            raise InputError(f"{graph.file}: blob `{name}` cannot be stored, since another blob or one of the datasets "
                             f"`{INDICES}` and `{LABELS}` has its place (HDF5 takes a slash for a folder, so that `a` "
                             "and `a/b` exclude each other); rename it in a copy of the net.") from error
        dataset.attrs.update(order=order, layer=value.producer.name, type=value.producer.type)


def _checked(images, count, data):
    if not images:
        raise InputError(f"{data}: no image of it was chosen.")
    for index in images:
        if not 0 <= index < count:
            raise InputError(f"--image {index}: {data} has {count} images, so indices go from 0 to {count - 1}.")
    return list(images)


def _default_images(source):
    known = labels(source, 0, len(source))
    if known is None:
        return list(range(min(DEFAULT_COUNT, len(source))))
    _, first = np.unique(known, return_index=True)
    return [int(index) for index in first[:DEFAULT_COUNT]]
