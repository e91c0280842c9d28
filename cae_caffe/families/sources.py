"""Where a family's training data are: lists of HDF5 files, and how many rows those hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import InputError

ImageShape = tuple[int, int, int]       # channels, height, width


class DataSource(Protocol):
    """What the files of a net ask of a source: a frozen dataclass whose fields all have defaults."""

    @property
    def train(self) -> str:
        """The list of the files to train on."""

    @property
    def test(self) -> str:
        """The list of the files to test on."""

    @classmethod
    def mnist(cls, folder: str) -> DataSource:
        """The source as `cae-caffe data ... --out FOLDER` leaves it for MNIST."""

    def stages(self) -> dict[str, str]:
        """The list that each stage of phase TEST reads, in the order of the solver's test nets; none: one test net."""

    def test_iterations(self) -> list[int]:
        """Batches that pass over all rows once, of each test net."""


@dataclass(frozen=True)
class Source:
    """Where training and test images are: lists of HDF5 files (dataset `data`) and how many images those hold."""

    train: str = "data/mnist_train.txt"
    test: str = "data/mnist_test.txt"
    train_images: int = 60000
    test_images: int = 10000
    batch_size: int = 100

    @classmethod
    def mnist(cls, folder: str = "data") -> Source:
        """MNIST as `cae-caffe data mnist --out FOLDER` leaves it."""
        return cls(_list_in(folder, "mnist_train"), _list_in(folder, "mnist_test"))

    def stages(self) -> dict[str, str]:
        """Training images, then test images."""
        return {"test-on-train": self.train, "test-on-test": self.test}

    def test_iterations(self) -> list[int]:
        """Batches that pass over all images once; Caffe fills a last, short batch with the first images again."""
        return [-(-images // self.batch_size) for images in (self.train_images, self.test_images)]


@dataclass(frozen=True)
class PairSource:
    """Where the pairs are: lists of HDF5 files (datasets `pair_data`, `sim`), and how many the test list's hold."""

    train: str = "data/mnist_siamese_train.txt"
    test: str = "data/mnist_siamese_test.txt"
    test_pairs: int = 10000
    batch_size: int = 64
    test_batch_size: int = 100

    @classmethod
    def mnist(cls, folder: str = "data") -> PairSource:
        """Pairs of MNIST as `cae-caffe data siamese --out FOLDER` leaves them."""
        return cls(_list_in(folder, "mnist_siamese_train"), _list_in(folder, "mnist_siamese_test"))

    def stages(self) -> dict[str, str]:
        """None: there is one test net, over the test list, as in Caffe's example."""
        return {}

    def test_iterations(self) -> list[int]:
        """Batches that pass over all pairs of the test list once."""
        return [-(-self.test_pairs // self.test_batch_size)]


mnist, mnist_pairs = Source.mnist, PairSource.mnist


def _list_in(folder: str, name: str) -> str:
    return Path(folder, f"{name}.txt").as_posix()


def own_images(train: str, test: str) -> tuple[Source, ImageShape]:
    """The source that the lists `train` and `test` make, and the images' shape (channels, height, width).

    Raises InputError if a list or its files cannot be read, if they hold no dataset `data` of images, or if the
    images of the two differ in shape.
    """
    (train_images, shape), (test_images, test_shape) = (_images(path) for path in (train, test))
    if shape != test_shape:
        raise InputError(f"the images of {train} have the shape {shape} and those of {test} {test_shape}; one net "
                         "takes images of one shape, so convert both with the same --size.")
    return Source(train, test, train_images, test_images), shape


def _images(path: str) -> tuple[int, ImageShape]:
    """How many images the files of the list `path` hold, and the shape of each."""
    from ..data import HDF5Source  # h5py; nets for MNIST are written without it

    with HDF5Source(path, ["data"]) as source:
        shape = tuple(source.shape("data"))[1:]
        if len(shape) != 3:
            raise InputError(f"{path}: the rows of dataset `data` have the shape {shape}, and images have three "
                             "lengths: channels, height and width (`cae-caffe data` writes them so).")
        channels, height, width = shape
        return len(source), (channels, height, width)
