"""One training run of a model of the paper: its folder, its command, and the record of what came of it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional

from .. import files, schema
from ..analysis.log import read_log
from ..errors import InputError
from ..models import paper_design
from ..version import VERSION

RESULT = "result.json"


@dataclass(frozen=True)
class Run:
    """Training `model` (a MODEL name) from random seed `seed` with the committed solver, in `folder`.

    `iterations` shortens or lengthens the run; None leaves the solver's max_iter. `backend` is load_backend's name.
    """

    model: str
    seed: int
    folder: Path
    iterations: Optional[int] = None
    backend: str = "torch"
    prototxt: Path = Path("prototxt")

    @property
    def name(self) -> str:
        return f"{self.model}, seed {self.seed}"

    @property
    def log(self) -> Path:
        return self.folder / "train.log"

    @property
    def prefix(self) -> Path:
        return self.folder / self.model

    def solver(self):
        """The run's SolverParameter: the committed one, but for the seed, the length and where its snapshots go."""
        paper_design(self.model)
        solver = schema.read_solver(self.prototxt / self.model / "solver.prototxt")
        solver.random_seed = self.seed
        solver.snapshot_prefix = self.prefix.as_posix()
        if self.iterations is not None:
            solver.max_iter = self.iterations
        if solver.max_iter % solver.test_interval:
            solver.test_interval = solver.max_iter       # the losses after the last iteration are what is recorded
        return solver

    @property
    def length(self) -> int:
        """The number of iterations."""
        return self.iterations or self.solver().max_iter

    def result(self) -> Optional[Dict]:
        """The record of the finished run, or None if it has not finished, or was of another length."""
        try:
            result = json.loads((self.folder / RESULT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise InputError(f"{self.folder / RESULT}: this is no JSON ({error}); delete it to run {self.name} again.")
        return result if result["iterations"] == self.length else None

    def command(self) -> List[str]:
        """The command that trains, or goes on from the newest snapshot there is; makes the folder and the solver."""
        solver_file = self.folder / "solver.prototxt"
        schema.write_text(self.solver(), solver_file)
        words = [sys.executable, "-m", "cae_caffe", "train", "-solver", str(solver_file), "--backend", self.backend,
                 "--threads", "1"]
        state = self._newest_state()
        return words + (["-snapshot", str(state)] if state else [])

    def _newest_state(self) -> Optional[Path]:
        """The last .solverstate on the way; one from beyond the run's end is of another length."""
        states = {int(path.stem.rsplit("_", 1)[1]): path for path in self.folder.glob(f"{self.model}_iter_*.solverstate")}
        on_the_way = [iteration for iteration in states if iteration < self.length]
        return states[max(on_the_way)] if on_the_way else None

    @property
    def weights(self) -> Path:
        """The .caffemodel of the finished run."""
        return Path(f"{self.prefix}_iter_{self.length}.caffemodel")

    def record(self, seconds: float) -> Dict:
        """Write and return the record of the run, which has just finished, from its log; snapshots on the way go."""
        log = read_log(self.log)
        last = log.loss.iterations[-1]
        if last < self.length:
            raise InputError(f"{self.log}: the log ends at iteration {last} of {self.length}, so the run did not "
                             "finish; run it again, it goes on from its last snapshot.")
        result = {
            "model": self.model, "seed": self.seed, "iterations": self.length, "engine": _engine(self.log),
            "version": VERSION, "seconds": round(seconds, 1),
            "train_last_batch": _last(log.train),
            "train": _last(log.test[0]), "test": _last(log.test[1]),
            "curves": {"loss": _points(log.loss),
                       **{stage: {o.name: _points(c) for o, c in log.test[net].items()}
                          for net, stage in ((0, "train"), (1, "test"))}},
        }
        files.write_text(self.folder / RESULT, json.dumps(result, indent=1) + "\n")
        for path in self.folder.glob(f"{self.model}_iter_*"):
            if path != self.weights:
                path.unlink()
        return result


def _last(curves) -> Dict[str, float]:
    return {output.name: curve.values[-1] for output, curve in curves.items()}


def _points(curve) -> List[List[float]]:
    return [list(point) for point in zip(curve.iterations, curve.values)]


def _engine(log: Path) -> str:
    """The engine as the command printed it on its first line."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("Engine:")), "unknown")
