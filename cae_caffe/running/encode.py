"""The codes of a whole list of images, in one HDF5 file (what the paper's Figs. 1 and 4-6 are drawn from)."""

from __future__ import annotations

from dataclasses import dataclass

import h5py

from ..analysis.nets import open_net
from ..analysis.structure import code_blob, width, writer_of
from ..data import HDF5Source
from ..errors import InputError
from ..files import replacing
from ..progress import bar
from .image_input import IMAGES, feed, image_input, labels

BATCH = 250


@dataclass(frozen=True)
class Encoded:
    """What `encode` wrote: the blob, the number of images, and the numbers in the code of each."""

    blob: str
    images: int
    dimensions: int


def encode(backend, net_file, weights, data, out, blob=None, limit=None) -> Encoded:
    """Run images of the list `data` through the deploy net as far as `blob`; write its values to `out`.

    All images are taken, or the first `limit`.
    `blob` is by default the net's code (`analysis.structure.code_blob`). The file has the datasets `codes` (n, N)
    float32 and, if `data` has one label an image, `label` (n,); attributes `net`, `weights`, `blob`, `data`.
    Images are read and codes written in batches, so memory does not grow with their number.
    Raises `InputError` for files that are missing or do not fit together and for a blob that the net does not have.
    """
    with HDF5Source(data) as source:
        net = open_net(backend, net_file, weights)
        image_blob = image_input(net, net_file, source, data)
        blob = blob or code_blob(net)
        if blob is None:
            raise InputError(f"{net_file}: no blob of this net has a row for each image, so it has no code; choose a "
                             "blob with --blob.")
        run = _Run(net, image_blob, blob, writer_of(net, blob, net_file).name)
        run.check(source.rows(IMAGES, 0, 2), net_file)
        with replacing(out) as part, h5py.File(str(part), "w") as file:
            file.attrs.update(net=str(net_file), weights=str(weights), blob=blob, data=str(data))
            count = min(limit or len(source), len(source))
            _write(file, source, run, count)
        return Encoded(blob, count, width(net, blob))


@dataclass(frozen=True)
class _Run:
    net: object
    image_blob: str
    blob: str
    layer: str

    def codes(self, images):
        """Codes (n, N) of `images` (n, ...), as a view that the next call changes."""
        feed(self.net, self.image_blob, images)
        self.net.forward(end=self.layer)
        return self.net.blobs[self.blob].data.reshape(len(images), -1)

    def check(self, images, net_file):
        """Raise `InputError` unless the blob has a row for each image."""
        feed(self.net, self.image_blob, images)
        shape = tuple(self.net.blobs[self.blob].shape)
        if shape[:1] != (len(images),):
            raise InputError(f"{net_file}: blob `{self.blob}` has no row for each image: its shape is {shape} for "
                             f"{len(images)} images; choose another with --blob.")


def _write(file, source, run, count):
    codes = file.create_dataset("codes", (count, width(run.net, run.blob)), "float32")
    first = labels(source, 0, 1)
    label = None if first is None else file.create_dataset("label", (count,), first.dtype)
    with bar(count, f"encoding to {run.blob}", unit="image") as progress:
        for start in range(0, count, BATCH):
            stop = min(start + BATCH, count)
            codes[start:stop] = run.codes(source.rows(IMAGES, start, stop))
            if label is not None:
                label[start:stop] = labels(source, start, stop)
            progress.update(stop - start)
