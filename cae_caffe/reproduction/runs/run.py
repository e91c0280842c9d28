"""One training run of a model of the paper: its folder, its files, its command, and whether it has finished."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ... import schema, snapshots
from ...analysis.log import read_log
from ...errors import InputError
from ...models.paper import model_design
from . import record
from .variant import Variant

RESULT, LOG, SOLVER = record.RESULT, record.LOG, record.SOLVER
TRAIN_TEST, DEPLOY = "train_test.prototxt", "deploy.prototxt"


@dataclass(frozen=True)
class Run:
    """Training `model` (a MODEL name) from random seed `seed` with the committed solver, in `folder`.

    `iterations` shortens or lengthens the run; None leaves the solver's max_iter. `backend` is load_backend's name.
    `variant` changes the model's files, whose changed copies stand in `folder`. `test_batches` limits how many batches
    a test takes, and leaves out the one before training; None tests on all images. A run that `needs_weights` counts as
    unfinished where only its record is left of it.
    """

    model: str
    seed: int
    folder: Path
    iterations: int | None = None
    backend: str = "torch"
    prototxt: Path = Path("prototxt")
    variant: Variant | None = None
    test_batches: int | None = None
    needs_weights: bool = False

    @property
    def name(self) -> str:
        """The run in words."""
        return ", ".join([self.model, *([self.variant.what] if self.variant else []), f"seed {self.seed}",
                          *(["real Caffe"] if self.backend == "caffe" else [])])

    @property
    def log(self) -> Path:
        return self.folder / LOG

    @property
    def prefix(self) -> Path:
        return self.folder / self.model

    def solver(self):
        """The run's SolverParameter: the committed one, but for the seed, the length and where its snapshots go."""
        model_design(self.model)
        solver = schema.read_solver(self.prototxt / self.model / SOLVER)
        if self.variant:
            solver = self.variant.changed_solver(solver)
            if self.variant.net:
                solver.net = (self.folder / TRAIN_TEST).as_posix()
        solver.random_seed = self.seed
        solver.snapshot_prefix = self.prefix.as_posix()
        if self.iterations is not None:
            solver.max_iter = self.iterations
        if solver.max_iter % solver.test_interval:
            solver.test_interval = solver.max_iter       # the losses after the last iteration are what is recorded
        if self.test_batches is not None:
            solver.test_iter[:] = [min(count, self.test_batches) for count in solver.test_iter]
            solver.test_initialization = False
            solver.display = max(1, solver.max_iter // record.DISPLAYS)
        return solver

    @property
    def length(self) -> int:
        """The number of iterations."""
        return self.iterations or self.solver().max_iter

    def result(self) -> dict | None:
        """The record of the finished run, or None if it has not finished, or was of another length."""
        result = record.read(self.folder, self.name)
        if result is None or result["iterations"] != self.length:
            return None
        return None if self.needs_weights and not self.weights.exists() else result

    def prepare(self) -> None:
        """Make the folder and write the run's own files into it: the solver, and a variant's nets."""
        schema.write_text(self.solver(), self.folder / SOLVER)
        if self.variant and self.variant.net:
            for name in (TRAIN_TEST, DEPLOY):
                net = schema.read_net(self.prototxt / self.model / name)
                schema.write_text(self.variant.changed_net(net), self.folder / name)

    def words(self, say: Callable[[str], object] = lambda line: None) -> list[str]:
        """The words of `cae-caffe` that train, or go on from the newest whole snapshot; writes the run's files.

        `say` is told of snapshots that are passed over.
        """
        self.prepare()
        words = ["train", "-solver", str(self.folder / SOLVER), "--backend", self.backend, "--threads", "1"]
        state = self._newest_state(say)
        return words + (["-snapshot", state] if state else [])

    @property
    def typed(self) -> str:
        """The command of the whole run as one would type it."""
        return f"cae-caffe train -solver {shlex.quote(str(self.folder / SOLVER))} --backend {self.backend} --threads 1"

    def _newest_state(self, say: Callable[[str], object]) -> str | None:
        """The last .solverstate on the way; one from beyond the run's end is of another length.

        One that an interrupt left between the solver's own would go on with other images: after a resume, HDF5 data
        starts again at its first row, and only the solver's own snapshots stand behind whole passes.
        """
        step = self.solver().snapshot
        return snapshots.newest_whole(self.prefix.as_posix(), say, lambda iteration: iteration < self.length
                                      and bool(step) and iteration % step == 0)

    @property
    def weights(self) -> Path:
        """The .caffemodel of the finished run, which may be gone."""
        return Path(f"{self.prefix}_iter_{self.length}.caffemodel")

    @property
    def deploy(self) -> Path:
        """The net that takes the run's weights."""
        own = self.folder / DEPLOY
        return own if own.exists() else self.prototxt / self.model / DEPLOY

    def trained(self) -> bool:
        """Whether training has gone to its end, last test included, though it may not be recorded yet."""
        if not self.weights.exists() or not self.log.exists():
            return False
        try:
            return record.reached(read_log(self.log)) == self.length
        except InputError:      # not a loss in it yet
            return False

    def record(self, seconds: float | None = None) -> dict:
        """Write and return the record of the run, which has just finished, from its log; snapshots on the way go.

        `seconds` is how long it took; None counts them from the log. Raises InputError if the log ends before the run.
        """
        log = read_log(self.log)
        if record.reached(log) < self.length:
            raise InputError(f"{self.log}: the log ends at iteration {record.reached(log)} of {self.length}, so the "
                             "run did not finish; run it again, it goes on from its last snapshot.")
        own = {"model": self.model, "seed": self.seed, "iterations": self.length, "backend": self.backend,
               "command": self.typed, "solver": schema.format_text(self.solver()),
               **({"variant": {"name": self.variant.name, "what": self.variant.what}} if self.variant else {}),
               **({"test_batches": self.test_batches} if self.test_batches else {})}
        result = record.write(self.folder, own, log, seconds)
        for path in self.folder.glob(f"{self.model}_iter_*"):
            if path != self.weights:
                path.unlink()
        return result
