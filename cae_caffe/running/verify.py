"""Both engines on one solver file: the same iterations from the same seed, and how far they come apart."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np

from .. import schema
from ..errors import InputError, RunError
from ..printing import shown
from ..schema.forks.beyond import parts_beyond
from .processes import Python, this_python
from .trial import Trial, load

ENGINES = ("real Caffe", "embedded")
LOSS_TOLERANCE = 1e-3           # of the larger of the two losses, at every iteration
PARAMETER_TOLERANCE = 1e-3      # of the blob's largest value, after the last iteration
# A blob's largest value counts as at least this: what is all but zero, as a bias that a BatchNorm behind it cancels,
# holds little but rounding.
SMALLEST_SCALE = 1e-4
SEED = 1                        # for a solver without one
NEVER = 2**31 - 1               # a test_interval
_FATAL = re.compile(r"^F\d{4} \S+ +\d+ (.*)$", re.MULTILINE)      # glog's line of a failed CHECK


@dataclass(frozen=True)
class Parameter:
    """One parameter blob on both engines."""

    name: str
    shape: tuple[int, ...]
    differing: int          # initial values that are not the same bits
    difference: float       # the largest after the last iteration, as a part of the blob's largest value


@dataclass(frozen=True)
class Comparison:
    """Two trials of one solver; arrays have a row for each iteration, real Caffe's column first."""

    engines: tuple[str, str]
    seed: int
    parameters: list[Parameter]
    losses: np.ndarray              # (iterations, 2)
    seconds: np.ndarray             # (iterations, 2)

    @property
    def loss_differences(self) -> np.ndarray:
        """The losses' difference at each iteration, as a part of the larger one; NaN on both sides is none."""
        real, ours = self.losses.T
        with np.errstate(invalid="ignore"):
            relative = np.abs(real - ours) / np.maximum(np.maximum(np.abs(real), np.abs(ours)), np.finfo(float).tiny)
        same = (real == ours) | (np.isnan(real) & np.isnan(ours))
        return np.where(same, 0, np.where(np.isnan(relative), np.inf, relative))

    @property
    def identical_start(self) -> bool:
        """Whether all initial weights are the same bytes."""
        return not any(parameter.differing for parameter in self.parameters)

    @property
    def agrees(self) -> bool:
        """Whether losses and parameters stay within the tolerances."""
        return (bool(self.loss_differences.max() <= LOSS_TOLERANCE)
                and all(parameter.difference <= PARAMETER_TOLERANCE for parameter in self.parameters))


def verify(solver_file: str, iterations: int, caffe: Python,
           say: Callable[[str], None] = lambda text: None) -> Comparison:
    """Run the solver for so many iterations on the embedded engine, in this Python, and on real Caffe, in `caffe`.

    Each engine has a process of its own, on the CPU, in this working directory; nothing that they write stays. The
    solver's tests, displays and snapshots are left out; its random_seed is SEED unless it gives one. `say` is told what
    is running. Raises InputError for what the embedded engine refuses, RunError if an engine fails or they build
    different nets.
    """
    if iterations < 1:
        raise InputError(f"--iterations {iterations} compares nothing; give at least 1.")
    solver = schema.read_solver(solver_file)
    _check_caffe_has_it(solver)
    with tempfile.TemporaryDirectory(prefix="cae-caffe-") as folder:
        path = os.path.join(folder, "solver.prototxt")
        schema.write_text(_for_trial(solver, folder), path)
        say(f"The embedded engine runs {iterations} iterations ...")
        ours = _trial("torch", this_python(), path, iterations, solver_file)
        say(f"Real Caffe runs {iterations} iterations ...")
        real = _trial("caffe", caffe, path, iterations, solver_file)
    _check_same_parameters(real, ours)
    return compare(real, ours, solver.random_seed)


def _check_caffe_has_it(solver: schema.SolverParameter) -> None:
    """Raises InputError if the net that the solver trains in a file of its own has parts that Caffe 1.0 has not."""
    path = solver.net or solver.train_net
    parts = parts_beyond(schema.read_net(path)) if path else []
    if parts:
        raise InputError(f"{path}: real Caffe 1.0 has not {', '.join(parts)}; forks have, and there is nothing here to "
                         "verify such a net with. docs/layers.md says what each layer of a fork is held against.")


def _for_trial(solver: schema.SolverParameter, folder: str) -> schema.SolverParameter:
    """The solver without what does not train: nothing else of it changes, so that the random stream is as ever."""
    if solver.random_seed < 0:
        solver.random_seed = SEED
    solver.snapshot_prefix = os.path.join(folder, "snapshot")
    solver.snapshot = solver.display = 0
    solver.debug_info = solver.test_initialization = False
    if solver.test_interval:
        solver.test_interval = NEVER
    return solver


def _trial(engine: str, python: Python, solver: str, iterations: int, name: str) -> Trial:
    out = Path(solver).with_name(f"{engine}.npz")
    variables = {**python.variables, "GLOG_minloglevel": "2", "GLOG_log_dir": str(out.parent)}
    done = subprocess.run([*python.words, "-m", f"{__package__}.trial", engine, solver, str(iterations), str(out)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables,
                          text=True, errors="replace", check=False)
    if done.returncode == InputError.exit_status:
        raise InputError(_reason(done.stdout).replace(solver, name))
    if done.returncode:
        who = "Real Caffe" if engine == "caffe" else "The embedded engine"
        raise RunError(f"{who} fails on {name} (status {done.returncode}): {_reason(done.stdout)}")
    return load(str(out))


def _reason(said: str) -> str:
    """What a failed process gave as its reason: the failed CHECK of Caffe's, else its last line."""
    fatal = _FATAL.search(said)
    lines = said.strip().splitlines() or ["it said nothing"]
    return fatal.group(1) if fatal else lines[-1]


def _check_same_parameters(real: Trial, ours: Trial) -> None:
    shapes = [[(name, array.shape) for name, array in zip(trial.names, trial.initial)] for trial in (real, ours)]
    if shapes[0] == shapes[1]:
        return
    lost = [[f"{name} {shape}" for name, shape in side if (name, shape) not in other]
            for side, other in (shapes, shapes[::-1])]
    raise RunError("The engines build different nets: real Caffe's alone has the parameters "
                   f"{', '.join(lost[0]) or 'none'}; the embedded engine's alone has {', '.join(lost[1]) or 'none'}.")


def compare(real: Trial, ours: Trial, seed: int) -> Comparison:
    """Set two trials with the same parameters side by side."""
    parameters = [Parameter(name, a.shape, _differing(a, b), _difference(c, d)) for name, a, b, c, d in zip(
        real.names, real.initial, ours.initial, real.final, ours.final)]
    return Comparison((real.engine, ours.engine), seed, parameters, np.stack([real.losses, ours.losses], 1),
                      np.stack([real.seconds, ours.seconds], 1))


def _differing(real: np.ndarray, ours: np.ndarray) -> int:
    return int((real.view(np.uint32) != ours.view(np.uint32)).sum())


def _difference(real: np.ndarray, ours: np.ndarray) -> float:
    if not real.size or np.array_equal(real, ours):
        return 0.0
    difference = float(np.abs(real.astype(np.float64) - ours).max())
    relative = difference / max(float(np.abs(real).max()), SMALLEST_SCALE)
    return relative if np.isfinite(relative) else np.inf


def table(comparison: Comparison) -> str:
    """Three tables and a verdict."""
    iterations = len(comparison.losses)
    parts = [
        [f"{comparison.engines[0]} and {comparison.engines[1]}, from seed {comparison.seed}"],
        _aligned([("parameter", "shape", "initial values that differ", f"difference after {iterations}")]
                 + [(p.name, "x".join(map(str, p.shape)), _of_all(p.differing, int(np.prod(p.shape))),
                     f"{p.difference:.2g}") for p in comparison.parameters]),
        _aligned([("iteration", *(f"{engine}: loss" for engine in ENGINES), "relative difference")]
                 + [(str(i), f"{real:.6g}", f"{ours:.6g}", f"{difference:.2g}") for i, ((real, ours), difference)
                    in enumerate(zip(comparison.losses, comparison.loss_differences))]),
        _times(comparison.seconds),
        _verdict(comparison),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _of_all(differing: int, count: int) -> str:
    return f"{differing} of {count}" if differing else f"none of {count}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with a heading; the first column to the left, the others to the right."""
    rows = [list(map(shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def _times(seconds: np.ndarray) -> list[str]:
    """The median iteration's time; the first, on which buffers are made, is left out if there are others."""
    real, ours = np.median(seconds[1:] if len(seconds) > 1 else seconds, axis=0)
    both = f"{real * 1e3:.3g} ms in real Caffe and {ours * 1e3:.3g} ms in the embedded engine"
    return [f"An iteration takes {both} ({real / ours:.2f} times as fast)."]


def _verdict(comparison: Comparison) -> list[str]:
    start = "the same bytes" if comparison.identical_start else "NOT the same bytes"
    loss = comparison.loss_differences.max()
    difference = max((p.difference for p in comparison.parameters), default=0.0)
    parameters = f"largest difference {difference:.2g} of a blob's largest value (tolerance {PARAMETER_TOLERANCE:g})"
    return [f"Initial weights: {start}.",
            f"Losses: largest relative difference {loss:.2g} (tolerance {LOSS_TOLERANCE:g}).",
            f"Parameters: {parameters}.",
            "The engines agree." if comparison.agrees else "THE ENGINES PART."]
