"""MNIST to Caffe's HDF5 data."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Callable

from .conversion import Conversion, Converted
from .idx_pair import IdxPair, source_of
from .mnist_download import fetch
from .mnist_files import MD5, SPLITS, checked

_SHAPES = {"data": (1, 28, 28), "label": ()}


def convert_mnist(out: str | os.PathLike = "data", source: str | os.PathLike | None = None, max_file: int | None = None,
                  say: Callable[[str], object] = lambda note: None) -> list[Converted]:
    """Write `out`/mnist_train and `out`/mnist_test, .h5 and .txt each, from the folder `source` or the network.

    `source` holds the four IDX files, gzipped or not, as train-images-idx3-ubyte or train-images.idx3-ubyte. Without
    it they are fetched to `out`/idx, and kept there; if the converted files are there already, nothing is fetched. See
    Conversion for `max_file` and what is kept. `say` is told, in a sentence, what is fetched from where. InputError for
    a file that is missing or is not MNIST's, before anything is written; RunError if fetching or writing fails.
    """
    conversions = [Conversion(Path(out) / name, split.rows, _SHAPES,
                              source_of(MD5[split.images], MD5[split.labels]), max_file)
                   for name, split in SPLITS.items()]
    if source is None:
        if all(conversion.done() for conversion in conversions):
            return [conversion.converted(anew=False) for conversion in conversions]
        source = Path(out) / "idx"
        fetch(source, say)
    with contextlib.ExitStack() as stack:
        pairs = [stack.enter_context(IdxPair(checked(source, split.images), checked(source, split.labels)))
                 for split in SPLITS.values()]
        return [conversion.ensure(pair.read) for conversion, pair in zip(conversions, pairs)]
