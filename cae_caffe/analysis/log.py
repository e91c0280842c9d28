"""Loss curves out of the logs of `caffe train` and `cae-caffe train`, which have the same lines.

The lines that count are `Iteration N ..., loss = X`, `Iteration N, Testing net (#K)` and `Train|Test net output
#I: NAME = X`. Others are passed over, and so is whatever cannot be whole: a number that other text runs into, where
two writers met in one line, and the last line of a log that was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError

NUMBER = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf))(?=\s|$)"
LOSS = re.compile(r"Iteration (\d+)(?: \([^)]*\))?, loss = " + NUMBER)
TESTING = re.compile(r"Iteration (\d+), Testing net \(#(\d+)\)")
OUTPUT = re.compile(r"(Train|Test) net output #(\d+): (.+?) = " + NUMBER + r"(?: \(\* ([-+.\deE]+) = )?")
CREATING = re.compile(r"Creating test net \(#(\d+)\)")
STAGE = re.compile(r'^\s*stage: "([^"]+)"')
CLOSING = re.compile(r"^}")


@dataclass
class Curve:
    """Values of one quantity at rising iterations; both lists have the same length."""

    iterations: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, iteration: int, value: float) -> None:
        """Append a point; a resumed run, which starts before the end, supersedes what stood from there on."""
        while self.iterations and self.iterations[-1] >= iteration:
            self.iterations.pop()
            self.values.pop()
        self.iterations.append(iteration)
        self.values.append(value)


@dataclass(frozen=True)
class Output:
    """One value that a net prints: its number among the net's outputs, its blob and its weight in the loss."""

    number: int
    name: str
    weight: float = 0.0


@dataclass
class TrainingLog:
    """The curves of one log: the training loss, the training net's outputs, and the outputs of each test net."""

    path: Path
    loss: Curve = field(default_factory=Curve)
    train: dict[Output, Curve] = field(default_factory=dict)
    test: dict[int, dict[Output, Curve]] = field(default_factory=dict)
    stages: dict[int, str] = field(default_factory=dict)

    def test_name(self, net: int) -> str:
        """What test net `net` is called: its stages where the log says them, else its number."""
        return self.stages.get(net) or f"test net #{net}"


def read_log(path) -> TrainingLog:
    """Read a training log. Raises `InputError` if there is no such file or no loss in it."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: cannot read this log: {error.strerror}.") from error
    reader = _Reader(TrainingLog(Path(path)))
    # A progress bar in the log ends its lines with "\r", which reading as text has made "\n".
    for line in text.split("\n")[:-1]:
        reader.take(line)
    if not reader.log.loss.values:
        raise InputError(f"{path}: no line `Iteration N, loss = X` in this log; give what `caffe train` or "
                         "`cae-caffe train` writes to standard error.")
    return reader.log


class _Reader:
    """Takes a log's lines one by one; remembers the iteration and the test net that they are about."""

    def __init__(self, log):
        self.log = log
        self._iteration = None
        self._net = None
        self._created = None
        self._handlers: list[tuple[re.Pattern[str], Callable[..., None]]] = [
            (LOSS, self._loss), (TESTING, self._testing), (OUTPUT, self._output),
            (CREATING, self._creating), (STAGE, self._stage), (CLOSING, self._closing)]

    def take(self, line):
        for pattern, handle in self._handlers:
            match = pattern.search(line)
            if match:
                handle(*match.groups())
                return

    def _loss(self, iteration, value):
        self._iteration = int(iteration)
        self.log.loss.add(self._iteration, float(value))

    def _testing(self, iteration, net):
        self._iteration, self._net = int(iteration), int(net)

    def _output(self, phase, number, name, value, weight):
        if self._iteration is None or (phase == "Test" and self._net is None):
            return
        curves = self.log.train if phase == "Train" else self.log.test.setdefault(self._net, {})
        output = Output(int(number), name, float(weight or 0))
        curves.setdefault(output, Curve()).add(self._iteration, float(value))

    def _creating(self, net):
        self._created = int(net)
        self.log.stages.pop(self._created, None)

    def _stage(self, stage):
        # Caffe prints the test net as text behind the line that creates it; its `state { ... }` comes first.
        if self._created is not None:
            known = self.log.stages.get(self._created)
            self.log.stages[self._created] = f"{known}, {stage}" if known else stage

    def _closing(self):
        self._created = None
