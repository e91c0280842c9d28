"""One's own images as the source of a net: how many there are and of what size, read from the HDF5 lists."""

from __future__ import annotations

from ..errors import InputError
from .nets import Source

Shape = tuple[int, int, int]


def own_images(train: str, test: str) -> tuple[Source, Shape]:
    """The source that the lists `train` and `test` make, and the images' shape (channels, height, width).

    Raises InputError if a list or its files cannot be read, if they hold no dataset `data` of images, or if the
    images of the two differ in shape.
    """
    counts, shapes = zip(*(_images(path) for path in (train, test)))
    if shapes[0] != shapes[1]:
        raise InputError(f"the images of {train} have the shape {shapes[0]} and those of {test} {shapes[1]}; one net "
                         "takes images of one shape, so convert both with the same --size.")
    return Source(train, test, *counts), shapes[0]


def _images(path: str) -> tuple[int, Shape]:
    from ..data import HDF5Source  # h5py; nets for MNIST are written without it

    with HDF5Source(path, ["data"]) as source:
        shape = tuple(source.shape("data"))[1:]
        if len(shape) != 3:
            raise InputError(f"{path}: the rows of dataset `data` have the shape {shape}, and images have three "
                             "lengths: channels, height and width (`cae-caffe data` writes them so).")
        return len(source), shape
