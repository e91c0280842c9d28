"""The four IDX files of MNIST: their names, sizes and checksums, and finding them in a folder."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from .idx import IdxFile


class Split(NamedTuple):
    """One half of MNIST: the names of its two IDX files, and the number of its images."""

    images: str
    labels: str
    rows: int


# By the name of the HDF5 files that they become.
SPLITS = {
    "mnist_train": Split("train-images-idx3-ubyte", "train-labels-idx1-ubyte", 60000),
    "mnist_test": Split("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 10000),
}

# Of the files when not gzipped.
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def bytes_of(name: str) -> int:
    """The size of MNIST's file `name` when not gzipped."""
    rows = next(split.rows for split in SPLITS.values() if name in split)
    return 16 + 28 * 28 * rows if "images" in name else 8 + rows


def spellings(folder: str | os.PathLike, name: str) -> list[Path]:
    """Where MNIST's file `name` may be in `folder`: as NAME or with a dot before idx, plain or gzipped."""
    return [Path(folder) / (stem + ending) for stem in (name, name.replace("-idx", ".idx")) for ending in ("", ".gz")]


def checked(folder: str | os.PathLike, name: str) -> Path:
    """The path in `folder` of MNIST's file `name`; InputError if it is missing or is not the genuine one."""
    if not Path(folder).is_dir():
        raise InputError(f"`{folder}` is not a folder; name one that holds MNIST's files ({', '.join(MD5)}).")
    path = next((path for path in spellings(folder, name) if path.is_file()), None)
    if path is None:
        raise InputError(f"folder `{folder}` has no file {' or '.join(path.name for path in spellings(folder, name))}; "
                         f"MNIST consists of four: {', '.join(MD5)}.")
    with IdxFile(path) as file:
        if math.prod(file.shape) > max(map(bytes_of, MD5)):
            raise InputError(f"`{path}` is not MNIST's {name}: it promises {'x'.join(map(str, file.shape))} values, "
                             f"where that file has {bytes_of(name)} bytes; get the file again.")
        found = file.md5()
        if found != MD5[name]:
            mistaken = {md5: f"it is MNIST's {other}" for other, md5 in MD5.items()}
            raise InputError(f"`{path}` is not MNIST's {name}: its MD5 (uncompressed; {'x'.join(map(str, file.shape))} "
                             f"values) is {found}, expected {MD5[name]}: "
                             f"{mistaken.get(found, 'it is corrupted or of another data set')}; get the file again.")
    return path
