"""A stand-in for MNIST of a few random images, which this package takes for the genuine one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from idx_files import idx_bytes, random_images

from cae_caffe.data import mnist_files

ROWS = {"mnist_train": 30, "mnist_test": 20}
IMAGES = {name: random_images(rows, 28, 28, seed=rows) for name, rows in ROWS.items()}
LABELS = {name: np.arange(rows, dtype=np.uint8) % 10 for name, rows in ROWS.items()}


def files() -> dict[str, bytes]:
    """The four IDX files by MNIST's names for them."""
    splits = mnist_files.SPLITS.items()
    return {**{split.images: idx_bytes(IMAGES[name]) for name, split in splits},
            **{split.labels: idx_bytes(LABELS[name]) for name, split in splits}}


def install(monkeypatch) -> None:
    """Have this package expect these files' checksums and sizes instead of MNIST's."""
    for name, content in files().items():
        monkeypatch.setitem(mnist_files.MD5, name, hashlib.md5(content).hexdigest())
    for name, rows in ROWS.items():
        monkeypatch.setitem(mnist_files.SPLITS, name, mnist_files.SPLITS[name]._replace(rows=rows))


def write(folder: Path, ending: str = "", convert=bytes, dot: bool = False) -> Path:
    """Write the files to `folder`, each by way of `convert`, with `ending` behind its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files().items():
        (folder / ((name.replace("-idx", ".idx") if dot else name) + ending)).write_bytes(convert(content))
    return folder
