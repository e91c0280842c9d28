"""The folder that all sides work in: data, and solvers that train and do nothing else."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cae_caffe import schema
from cae_caffe.data import hdf5_writer

from .nets import BenchmarkNet
from .sides import EAGER, ROOT, Side

# Rows, and the shape of an image, of what there is where nobody has converted it.
SYNTHETIC: dict[str, tuple[int, tuple[int, ...]]] = {
    "mnist_train": (60000, (1, 28, 28)),
    "mnist_test": (10000, (1, 28, 28)),
    "lenet": (6400, (1, 28, 28)),
    "cifar10": (5000, (3, 32, 32)),
}
_CHUNK = 1000
_CLASSES = 10


class Workspace:
    """A folder with data/, made on demand, and the solvers' prototxts."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "data").mkdir()

    def provide(self, name: str) -> bool:
        """Have data/NAME.h5 and its list: this repository's converted ones, else synthetic; returns whether real."""
        target = self.folder / "data" / f"{name}.h5"
        real = ROOT / "data" / f"{name}.h5"
        if not target.exists():
            target.with_suffix(".txt").write_text(f"data/{name}.h5\n", encoding="utf-8")
            if real.exists():
                target.symlink_to(real)
            else:
                _synthesize(target, *SYNTHETIC[name])
        return target.is_symlink()

    def solver(self, net: BenchmarkNet) -> str:
        """The net's solver, written here without tests and snapshots, which would not be training."""
        self.provide(Path(net.data).stem)
        param, _ = net.read()
        param.net = str(net.root / param.net)
        for field in ("test_iter", "test_interval", "test_state", "snapshot"):
            param.ClearField(field)
        param.snapshot_prefix = str(self.folder / net.name)
        path = self.folder / f"{net.name}_solver.prototxt"
        schema.write_text(param, path)
        return str(path)

    def training(self, net: BenchmarkNet, side: Side) -> dict:
        """The task that trains `net` on a side."""
        solver = self.solver(net)
        if side.engine == EAGER:
            return {"task": "eager", "net": net.name, "solver": solver, "data": net.data, "batch": net.batch,
                    "classifies": net.classifies}
        return {"task": "train", "engine": side.engine, "threads": side.threads, "solver": solver}

    def encoding(self, net: BenchmarkNet, side: Side) -> dict:
        """The task that encodes the test images by the code of `net` on a side."""
        self.provide("mnist_test")
        return {"task": "encode", "engine": side.engine, "threads": side.threads, "solver": self.solver(net),
                "deploy": str(net.solver.parent / "deploy.prototxt"), "data": "data/mnist_test.txt"}


@contextlib.contextmanager
def workspace() -> Iterator[Workspace]:
    """A temporary Workspace, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cae-caffe-benchmark-"))
    try:
        yield Workspace(folder)
    finally:
        shutil.rmtree(str(folder))


def _synthesize(path: Path, rows: int, shape: tuple[int, ...]) -> None:
    """Images of values in [0, 1), four fifths of them 0 as in MNIST, and labels."""
    random = np.random.RandomState(1)
    with hdf5_writer(path, rows, {"data": shape, "label": ()}) as writer:
        for start in range(0, rows, _CHUNK):
            count = min(_CHUNK, rows - start)
            images = random.uniform(-4, 1, (count,) + shape).clip(0)
            writer.append(data=images, label=random.randint(0, _CLASSES, count))
