"""The data that runs read, made where it is MNIST's and missing, so that one command does from a fresh clone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Callable

from ... import schema
from ...data import convert_mnist, convert_siamese
from .run import Run

PAIRS, IMAGES = "mnist_siamese_", "mnist_"


def make_data(runs: Iterable[Run], say: Callable[[str], object]) -> None:
    """Make the lists of MNIST that the nets of `runs` name and that are not there; others are left to their owner.

    `say` is told what is fetched from where. Raises RunError if fetching fails.
    """
    for path in sorted({path for run in runs for path in _sources(run) if not path.exists()}):
        if path.exists():       # made with another meanwhile
            continue
        if path.name.startswith(PAIRS):
            convert_siamese(path.parent, say=say)
        elif path.name.startswith(IMAGES):
            convert_mnist(path.parent, say=say)


def _sources(run: Run) -> set[Path]:
    net = schema.read_net(run.prototxt / run.model / "train_test.prototxt")
    return {Path(layer.hdf5_data_param.source) for layer in net.layer if layer.type == "HDF5Data"}
