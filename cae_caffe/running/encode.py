"""The codes of a whole list of images, in one HDF5 file (what the paper's Figs. 1 and 4-6 are drawn from)."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.nets import open_graph
from ..analysis.structure import code_blob, value_of
from ..backend_protocol import Backend, Net
from ..data import HDF5Source, hdf5_writer
from ..errors import InputError
from ..graph import Blob, by_number
from ..progress import bar
from .image_input import IMAGES, LABEL, feed, image_input, labels

BATCH = 250


@dataclass(frozen=True)
class Encoded:
    """What `encode` wrote: the blob, the number of images, and the numbers in the code of each."""

    blob: str
    images: int
    dimensions: int


def encode(backend: Backend, net_file, weights, data, out, blob=None, limit=None) -> Encoded:
    """Run images of the list `data` through the deploy net as far as `blob`; write its values to `out`.

    All images are taken, or the first `limit`.
    `blob` is by default the net's code (`analysis.structure.code_blob`). The file has the datasets `codes` (n, N)
    float32 and, if `data` has one label an image, `label` (n,); attributes `net`, `weights`, `blob`, `data`.
    Images are read and codes written in batches, so memory does not grow with their number.
    Raises `InputError` for files that are missing or do not fit together and for a blob that the net does not have,
    and `RunError` if `out` cannot be written.
    """
    with HDF5Source(data) as source:
        net, graph = open_graph(backend, net_file, weights)
        image_blob = image_input(net, net_file, source, data)
        blob = blob or code_blob(graph)
        if blob is None:
            raise InputError(f"{net_file}: no blob of this net has a row for each image, so it has no code; choose a "
                             "blob with --blob.")
        code = value_of(graph, blob)
        run = _Run(net, image_blob, code.blob, code.producer.number)
        run.check(source.rows(IMAGES, 0, 2), net_file)
        count = min(limit or len(source), len(source))
        origin = {"net": str(net_file), "weights": str(weights), "blob": blob, "data": str(data)}
        _write(out, source, run, count, origin)
        return Encoded(blob, count, run.code.row_size)


@dataclass(frozen=True)
class _Run:
    net: Net
    image_blob: str
    code: Blob
    last: int       # the number of the layer that writes the code

    def codes(self, images):
        """Codes (n, N) of `images` (n, ...), as a view that the next call changes."""
        feed(self.net, self.image_blob, images)
        by_number.forward(self.net, 0, self.last)
        return self.code.array.reshape(len(images), -1)

    def check(self, images, net_file):
        """Raise `InputError` unless the blob has a row for each image."""
        feed(self.net, self.image_blob, images)
        shape = self.code.shape
        if shape[:1] != (len(images),):
            raise InputError(f"{net_file}: blob `{self.code.name}` has no row for each image: its shape is {shape} for "
                             f"{len(images)} images; choose another with --blob.")


def _write(out, source, run, count, origin):
    shapes: dict[str, tuple[int, ...]] = {"codes": (run.code.row_size,)}
    dtypes = {}
    first = labels(source, 0, 1)
    if first is not None:
        shapes[LABEL], dtypes[LABEL] = (), first.dtype
    with hdf5_writer(out, count, shapes, origin, dtypes) as writer, \
            bar(count, f"encoding to {run.code.name}", unit="image") as progress:
        for start in range(0, count, BATCH):
            stop = min(start + BATCH, count)
            rows = {"codes": run.codes(source.rows(IMAGES, start, stop))}
            if first is not None:
                rows[LABEL] = labels(source, start, stop)
            writer.append(**rows)
            progress.update(stop - start)
