"""A folder with a small net to train, and processes of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import small_training
from forked import forked, status_of

from cae_caffe import snapshots
from cae_caffe.cli import make_prototxt
from cae_caffe.cli.main import main

TRAIN = ("train", "-solver", "solver.prototxt", "-snapshot", "auto", "--backend", "torch")
_DROPOUT = """layer { name: "drop" type: "Dropout" bottom: "encodesig" top: "encodesig"
  dropout_param { dropout_ratio: 0.3 } }
"""


class Failed:
    """What did not hold, a line each; a campaign fails if there is one."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def unless(self, holds: object, what: str) -> None:
        """Note `what` if it does not hold."""
        if not holds:
            self.lines.append(what)


def write_training(folder: Path, iterations: int, every: int, more: str = "") -> None:
    """A small net with shuffled data and Dropout, and its solver with a snapshot `every` so many iterations."""
    folder.mkdir(parents=True, exist_ok=True)
    net = small_training.net().replace("batch_size: 8", "batch_size: 8 shuffle: true")
    net = net.replace('layer { name: "decode" ', _DROPOUT + 'layer { name: "decode" ')
    small_training.write(folder, f"momentum: 0.9 max_iter: {iterations} snapshot: {every}\n{more}", net)


def command(words: Sequence[str], folder: Path, log: Path) -> int:
    """`cae-caffe WORDS`, or the program `make-prototxt`, in a forked process; returns its number."""
    def work() -> int | None:
        return make_prototxt.main(list(words[1:])) if words[0] == make_prototxt.PROGRAM else main(list(words))
    return forked(work, folder, log)


def run(words: Sequence[str], folder: Path, log: Path) -> int:
    """`cae-caffe WORDS` to its end; returns the exit status."""
    return status_of(command(words, folder, log))


def whole_snapshots(folder: Path) -> dict[str, str | None]:
    """Each .solverstate of `folder`, and why it is not whole, or None; in a process of its own, for HDF5's sake."""
    os.chdir(folder)
    return {path.name: snapshots.problem(path.name) for path in sorted(folder.glob("*.solverstate*"))}


def leftovers(folder: Path) -> list[str]:
    """Temporary folders in `folder`."""
    return [path.name for path in folder.glob(".cae-caffe-*")]
