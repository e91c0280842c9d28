"""How long commands take from start to end, as a shell sees them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Optional

from cae_caffe.errors import RunError

from .samples import Summary, summary
from .sides import ROOT

OUT = "made"            # where commands write, removed before each
MNIST = ROOT / "data" / "idx"


@dataclass(frozen=True)
class Command:
    """A command as users type it, its module and arguments, and the seconds that it may take."""

    title: str
    words: List[str]
    limit: Optional[float] = None


def commands() -> List[Command]:
    """Those that are timed; MNIST's conversion only where its IDX files are."""
    maker, main = "cae_caffe.cli.make_prototxt", "cae_caffe"
    timed = [
        Command("make-prototxt cae1-n2", [maker, "cae1-n2", "--out", OUT]),
        Command("make-prototxt, all of the paper's models", [maker, "--out", OUT], limit=1.0),
        Command("cae-caffe --version", [main, "--version"]),
        Command("cae-caffe data --help", [main, "data", "--help"]),
    ]
    if MNIST.is_dir():
        timed.append(Command("cae-caffe data mnist, IDX files at hand",
                             [main, "data", "mnist", "--from", str(MNIST), "--out", OUT]))
    return timed


def time_commands(folder: Path, rounds: int, say: Callable[[str], None]) -> Dict[str, Summary]:
    """Seconds of each command by its title, over so many rounds, in `folder`. Raises RunError if one fails."""
    taken: Dict[str, List[float]] = {command.title: [] for command in commands()}
    for number in range(rounds):
        say(f"round {number + 1}/{rounds}")
        for command in commands():
            shutil.rmtree(str(folder / OUT), ignore_errors=True)
            taken[command.title].append(_seconds(command, folder))
    return {title: summary(seconds) for title, seconds in taken.items()}


def _seconds(command: Command, folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *command.words], cwd=str(folder), stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, universal_newlines=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RunError(f"`{command.title}` ended with status {done.returncode}: {done.stderr.strip()}")
    return seconds
