"""Pairs of MNIST's images to Caffe's HDF5 data, for the siamese network of the paper's Fig. 2."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from ..errors import InputError
from .conversion import Conversion, Converted, Rows
from .hdf5_source import HDF5Source
from .mnist import convert_mnist

HALVES = {"mnist_siamese_train": "mnist_train", "mnist_siamese_test": "mnist_test"}     # pairs: images
_BATCH = 1000


class _Pairs(NamedTuple):
    """Images (n, 1, height, width) with their labels (n,), and which two make each pair: `chosen` (n, 2)."""

    images: np.ndarray
    labels: np.ndarray
    chosen: np.ndarray

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {"pair_data": (2,) + self.images.shape[2:], "sim": ()}

    def read(self, start: int, stop: int) -> Rows:
        """Pairs `start` to `stop` (not included): the two images as channels, and 1 where they are of one class."""
        first, second = self.chosen[start:stop].T
        return {"pair_data": np.concatenate([self.images[first], self.images[second]], axis=1),
                "sim": (self.labels[first] == self.labels[second]).astype(np.float32)}


def convert_siamese(out: str | os.PathLike = "data", source: str | os.PathLike | None = None, seed: int = 1,
                    max_file: int | None = None, say: Callable[[str], object] = lambda note: None) -> list[Converted]:
    """Write `out`/mnist_siamese_train and `out`/mnist_siamese_test, .h5 and .txt each: as many pairs as images.

    Both images of a pair are drawn independently from all of their half of MNIST, so one pair in ten is of one class,
    as in Caffe's example (examples/siamese/convert_mnist_siamese_data.cpp, which draws anew at every call; here `seed`
    decides). Datasets: `pair_data` (n, 2, 28, 28) in [0, 1] and `sim` (n,), 1 for one class and 0 for two.

    `source` is a folder with mnist_{train,test}.txt as `convert_mnist` leaves it; without it, that is `out`, where
    `convert_mnist` makes them if they are missing. Images are held in memory (188 MB), pairs are written in pieces. See
    Conversion for `max_file` and what is kept; `say` is as for `convert_mnist`. InputError for a wrong seed or a folder
    without such lists, before anything is written; RunError if fetching or writing fails.
    """
    if not 0 <= seed < 2**32:
        raise InputError(f"--seed {seed} is no seed; give a number from 0 to {2**32 - 1}.")
    if source is None:
        convert_mnist(out, say=say)
    lists = [Path(out if source is None else source) / f"{images}.txt" for images in HALVES.values()]
    for path in lists:
        if not path.is_file():
            raise InputError(f"there is no `{path}` to draw pairs from; run `cae-caffe data mnist --out "
                             f"{path.parent.as_posix()}` first, or leave out --from.")
    return [_convert(path, Path(out) / name, seed, max_file) for name, path in zip(HALVES, lists)]


def _convert(list_file: Path, out: Path, seed: int, max_file: int | None) -> Converted:
    images, labels = _read(list_file)
    # RandomState's streams are frozen, so a seed means the same pairs with every NumPy.
    chosen = np.random.RandomState(seed).randint(0, len(images), (len(images), 2), dtype=np.int64)
    pairs = _Pairs(images, labels, chosen)
    identity = f"siamese pairs, seed {seed}, of md5 {_md5(images)} {_md5(labels)}"
    return Conversion(out, len(chosen), pairs.shapes, identity, max_file).ensure(pairs.read)


def _read(list_file: Path) -> tuple[np.ndarray, np.ndarray]:
    """All images (n, 1, height, width) and labels (n,) of a list, float32."""
    with HDF5Source(list_file, ["data", "label"]) as source:
        images, labels = (np.empty(source.shape(name), np.float32) for name in ("data", "label"))
        if images.ndim != 4 or images.shape[1] != 1 or labels.ndim != 1 or not len(images):
            raise InputError(f"{list_file}: `data` is of the shape {images.shape} and `label` of {labels.shape}, but "
                             "pairs are drawn from grey images (n, 1, height, width) with a label each.")
        for start, rows in zip(range(0, len(source), _BATCH), source.batches(_BATCH)):
            images[start:start + _BATCH], labels[start:start + _BATCH] = rows["data"], rows["label"]
    return images, labels


def _md5(values: np.ndarray) -> str:
    return hashlib.md5(values.data, usedforsecurity=False).hexdigest()
