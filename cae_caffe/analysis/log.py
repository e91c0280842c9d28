"""Loss curves out of the logs of `caffe train` and `cae-caffe train`, which have the same lines.

A log may be gzipped, and UTF-16, as PowerShell writes it.

The lines that count are `Iteration N ..., loss = X`, `Iteration N, Testing net (#K)` and `Train|Test net output
#I: NAME = X`. Others are passed over, and so is whatever cannot be whole: a number that other text runs into, where
two writers met in one line, and the last line of a log that was cut off.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError

MOST_BYTES = 1 << 30        # of an unpacked log: a small file can unpack to any size
PLAIN_NUMBER = r"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf))"
NUMBER = PLAIN_NUMBER + r"(?=\s|$)"
COUNT = r"(\d{1,10})"       # an iteration or an index, which Caffe keeps in an int
LOSS = re.compile(rf"Iteration {COUNT}(?: \([^)]*\))?, loss = {NUMBER}", re.ASCII)
TESTING = re.compile(rf"Iteration {COUNT}, Testing net \(#{COUNT}\)", re.ASCII)
OUTPUT = re.compile(rf"(Train|Test) net output #{COUNT}: (.+?) = {NUMBER}(?: \(\* {PLAIN_NUMBER} = )?", re.ASCII)
CREATING = re.compile(rf"Creating test net \(#{COUNT}\)", re.ASCII)
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
    """Read a training log. Raises `InputError` if there is no such file or neither a loss nor a test in it.

    A run with `display: 0` logs no training loss, but its tests.
    """
    reader = _Reader(TrainingLog(Path(path)))
    for line in _text(path).split("\n")[:-1]:
        reader.take(line)
    if not reader.log.loss.values and not reader.log.test:
        raise InputError(f"{path}: neither a line `Iteration N, loss = X` nor one `Test net output #N: NAME = X` in "
                         "this log; give what `caffe train` or `cae-caffe train` writes to standard error.")
    return reader.log


def _text(path) -> str:
    try:
        data = Path(path).read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = _unpacked(data)
    except (OSError, ValueError, EOFError, MemoryError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error) or "it does not fit into the memory"
        raise InputError(f"{path}: cannot read this log: {reason}.") from error
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # A progress bar in the log ends its lines with "\r", which reading as text makes "\n".
    return io.TextIOWrapper(io.BytesIO(data), "utf-16" if is_utf_16 else "utf-8", errors="replace").read()


def _unpacked(data: bytes) -> bytes:
    """What gzip packed. One that is cut off, as of a run under way, gives what there is."""
    unpacked = bytearray()
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        try:
            for piece in iter(lambda: file.read1(1 << 16), b""):
                unpacked += piece
                if len(unpacked) > MOST_BYTES:
                    raise ValueError(f"it unpacks to more than {MOST_BYTES} bytes")
        except EOFError:
            if not unpacked:
                raise
    return bytes(unpacked)


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
