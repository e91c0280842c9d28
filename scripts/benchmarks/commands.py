"""How long commands take from start to end, as a shell sees them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from cae_caffe import schema
from cae_caffe.errors import RunError

from . import workspace
from .nets import NETS
from .samples import Summary, summary
from .sides import ROOT

OUT = "made"            # where commands write, removed before each
MNIST = ROOT / "data" / "idx"
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
START = "start.prototxt"


@dataclass(frozen=True)
class Command:
    """A command as users type it, its module and arguments, and the seconds that it may take."""

    title: str
    words: list[str]
    limit: float | None = None


def commands() -> list[Command]:
    """Those that are timed; MNIST's own conversion, which checks its sums too, only where its IDX files are."""
    maker, main = "cae_caffe.cli.make_prototxt", "cae_caffe"
    rows, (_, height, width) = workspace.SYNTHETIC["mnist_train"]
    timed = [
        Command("make-prototxt cae1-n2", [maker, "cae1-n2", "--out", OUT]),
        Command("make-prototxt, all of the paper's models", [maker, "--out", OUT], limit=1.0),
        Command("cae-caffe --version", [main, "--version"]),
        Command("cae-caffe data --help", [main, "data", "--help"]),
        Command("cae-caffe train, CAE Model 1, no iterations", [main, "train", "-solver", START]),
        Command(f"cae-caffe data idx, {rows} images of {height} x {width}",
                [main, "data", "idx", IMAGES, LABELS, "--out", f"{OUT}/images"]),
    ]
    if MNIST.is_dir():
        timed.append(Command("cae-caffe data mnist, IDX files at hand",
                             [main, "data", "mnist", "--from", str(MNIST), "--out", OUT]))
    return timed


def time_commands(place: workspace.Workspace, rounds: int, say: Callable[[str], None]) -> dict[str, Summary]:
    """Seconds of each command by its title, over so many rounds, in `place`. Raises RunError if one fails."""
    folder = place.folder
    _write_idx(folder, *workspace.SYNTHETIC["mnist_train"])
    _write_start(place)
    taken: dict[str, list[float]] = {command.title: [] for command in commands()}
    for number in range(rounds):
        say(f"round {number + 1}/{rounds}")
        for command in commands():
            shutil.rmtree(str(folder / OUT), ignore_errors=True)
            taken[command.title].append(_seconds(command, folder))
    return {title: summary(seconds) for title, seconds in taken.items()}


def _write_idx(folder: Path, rows: int, shape: Sequence[int]) -> None:
    """A pair of IDX files like MNIST's: a magic number (unsigned bytes, so many axes), the lengths, the values."""
    random = np.random.RandomState(1)
    for name, lengths in ((IMAGES, (rows, *shape[1:])), (LABELS, (rows,))):
        head = np.array([0x0800 + len(lengths), *lengths], ">i4")
        (folder / name).write_bytes(head.tobytes() + random.randint(0, 10, lengths).astype("u1").tobytes())


def _write_start(place: workspace.Workspace) -> None:
    """A solver that builds its net, draws its weights, and is done."""
    param = schema.read_solver(place.solver(NETS["cae1"]))
    param.max_iter, param.snapshot_after_train = 0, False
    schema.write_text(param, place.folder / START)


def _seconds(command: Command, folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *command.words], cwd=str(folder), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RunError(f"`{command.title}` ended with status {done.returncode}: {done.stderr.strip()}")
    return seconds
