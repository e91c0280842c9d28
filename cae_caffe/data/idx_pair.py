"""An IDX pair, images and labels, to Caffe's HDF5 data."""

from __future__ import annotations

import contextlib
import os

import numpy as np

from ..errors import InputError
from .conversion import Conversion, Converted, Rows, to_unit
from .idx import IdxFile


class IdxPair:
    """Images and their labels, opened, checked against each other, and read as float32; a context manager.

    Images (n, height, width) become (n, 1, height, width); (n, d) and (n, channels, height, width) stay as they
    are. Unsigned bytes are divided by 255, so they lie in [0, 1]; other types keep their values. Labels are (n,).
    `labels` may be None. InputError if either file is unsound or is not what it is said to be.
    """

    def __init__(self, images: str | os.PathLike, labels: str | os.PathLike | None):
        with contextlib.ExitStack() as stack:
            self._images = stack.enter_context(IdxFile(images))
            self._labels = None if labels is None else stack.enter_context(IdxFile(labels))
            self._check()
            self._stack = stack.pop_all()

    def _check(self) -> None:
        images, labels = self._images, self._labels
        if 0 in images.shape:
            raise InputError(f"`{images.path}` is empty: it holds {_sizes(images)} values; give a file with images.")
        if len(images.shape) == 1:
            raise InputError(f"`{images.path}` holds {_sizes(images)} values in one dimension, where images have two "
                             "or more: it looks like a file of labels; name the images first and the labels second.")
        if labels is None:
            return
        if len(labels.shape) != 1:
            raise InputError(f"`{labels.path}` holds {_sizes(labels)} values, where labels have one dimension: it "
                             "looks like a file of images; name the images first and the labels second.")
        if len(labels) != len(images):
            raise InputError(f"`{labels.path}` has {len(labels)} labels but `{images.path}` has {len(images)} images; "
                             "name two files that belong together.")

    def __len__(self) -> int:
        return len(self._images)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of one row by dataset, as in HDF5Writer."""
        row = self._images.shape[1:]
        data = {"data": (1,) + row if len(row) == 2 else row}
        return data if self._labels is None else {**data, "label": ()}

    def source(self) -> str:
        """What identifies the content, see `source_of`; reads, and so checks, all of both files."""
        return source_of(*(file.md5() for file in (self._images, self._labels) if file is not None))

    def read(self, start: int, stop: int) -> Rows:
        """Rows `start` to `stop` (not included) of `data` and `label`, float32."""
        images = self._images.rows(start, stop)
        data = to_unit(images) if images.dtype == np.uint8 else images.astype(np.float32)
        rows = {"data": data.reshape((stop - start,) + self.shapes["data"])}
        if self._labels is not None:
            rows["label"] = self._labels.rows(start, stop).astype(np.float32)
        return rows

    def __enter__(self) -> IdxPair:
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()


def convert_idx(images: str | os.PathLike, labels: str | os.PathLike | None, out: str | os.PathLike,
                max_file: int | None = None) -> Converted:
    """Convert an IDX pair (see IdxPair for how) to `out`.h5 and `out`.txt.

    `labels` None leaves the dataset `label` out. See Conversion for `out`, `max_file` and what is kept of an
    earlier run. InputError for an unsound file, before anything is written; RunError if writing fails.
    """
    with IdxPair(images, labels) as pair:
        return Conversion(out, len(pair), pair.shapes, pair.source(), max_file).ensure(pair.read)


def source_of(*md5: str) -> str:
    """The identity that converted files carry: the MD5 of the images and, if there are any, of the labels."""
    return "idx md5 " + " ".join(md5)


def _sizes(file: IdxFile) -> str:
    return "x".join(map(str, file.shape))
