"""The main job in minutes: MNIST, CAE Model 1 with N = 2 trained as in the paper, pictures, the losses beside its own.

Each step is a command that users type, and is printed before it runs; `run_demo` only strings them together.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .. import files, schema
from ..analysis.log import TrainingLog, read_log
from ..errors import InputError, RunError
from ..progress import bar
from ..running.processes import Program
from .losses import LOSSES
from .paper import REPORTED
from .runs.record import last_thousand

MODEL = "cae1-n2"
PROTOTXT = Path("prototxt") / MODEL
ITERATIONS = 20000          # the paper's own number
TESTS = 4                   # how often the losses over all images are measured on the way, beside the start
POINTS = 100                # of the training curve
NOTE = ("Losses per image: cross-entropy; half the squared error. The paper's training losses are those of one "
        "mini-batch, which iteration 19000\nshows (docs/findings.md); here it is that of the last multiple of 1000, or "
        "of fewer iterations the last one shown.")
LOSS = re.compile(r"Iteration (\d+).*, loss = \S+")


def run_demo(cae_caffe: Program, make_prototxt: Program, out: str | Path, iterations: int = ITERATIONS,
             backend: str = "auto") -> None:
    """Run the demo in the repository's root; leave model, log, codes, pictures and table.md in `out`.

    `cae_caffe` and `make_prototxt` are the command lines of those names; `backend` is `load_backend`'s name. Raises
    InputError for `iterations` below 1 and for an `out` that is a file, RunError where a step fails; that step has said
    why on standard error.
    """
    if iterations < 1:
        raise InputError(f"--iterations is {iterations}; at least 1 is needed.")
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out} is a file, but several go there; name a folder.")
    weights = out / f"{MODEL}_iter_{iterations}.caffemodel"
    deploy = PROTOTXT / "deploy.prototxt"
    engine = ["--backend", backend]
    _step(cae_caffe, "data", "mnist")
    _step(make_prototxt, MODEL)
    write_solver(out / "solver.prototxt", out / MODEL, iterations)
    _train(cae_caffe, ["-solver", out / "solver.prototxt", *engine], out / "train.log", iterations)
    _step(cae_caffe, "encode", deploy, weights, "--data", "data/mnist_test.txt", "--out", out / "codes.h5", *engine)
    _step(cae_caffe, "activations", deploy, weights, "--image", 0, "--out", out / "activations.h5", *engine)
    for kind, source in {"scatter": "codes.h5", "layers": "activations.h5", "curves": "train.log"}.items():
        _step(cae_caffe, "figure", kind, out / source, "--out", out / f"{kind}.png")
    table = loss_table(read_log(out / "train.log"), iterations)
    files.write_text(out / "table.md", table)
    print(f"\n{table}\nIn {out}: the model {weights.name}, train.log, codes.h5, activations.h5, table.md, and the "
          "pictures\nscatter.png (the test images' codes), layers.png (one digit through all layers), curves.png (the "
          "losses).")


def write_solver(path: Path, snapshot_prefix: Path, iterations: int) -> None:
    """Write the model's solver to `path`, for so many iterations, with one snapshot at its end."""
    solver = schema.read_solver(PROTOTXT / "solver.prototxt")
    solver.max_iter = iterations
    # The last test has to fall on the last iteration.
    solver.test_interval = iterations // TESTS if iterations % TESTS == 0 else iterations
    solver.display = -(-iterations // POINTS)
    solver.ClearField("snapshot")       # the one after training is there without it
    solver.snapshot_prefix = snapshot_prefix.as_posix()
    schema.write_text(solver, path)


def loss_table(log: TrainingLog, iterations: int) -> str:
    """A Markdown table: this run's last losses, and the paper's, each as "cross-entropy; squared error"."""
    shown = last_thousand(log)
    rows = [(f"this run, {iterations} iterations", _pair(*(shown[name] for name in LOSSES)), _last(log.test[0]),
             _last(log.test[1]))]
    papers = zip(REPORTED[MODEL].train, REPORTED[MODEL].test)
    rows += [(f"paper, run {number}, 20000 iterations", _pair(*train), "", _pair(*test))
             for number, (train, test) in enumerate(papers, 1)]
    lines = ["| CAE Model 1, N = 2 | train, one mini-batch | train, all images | test |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", NOTE, ""])


def _last(curves: dict) -> str:
    by_name = {output.name: curve.values[-1] for output, curve in curves.items()}
    return _pair(*(by_name[name] for name in LOSSES))


def _pair(cross_entropy: float, squared_error: float) -> str:
    return f"{cross_entropy:.2f}; {squared_error:.2f}"


def _step(program: Program, *words) -> None:
    command = _announced(program, words)
    if subprocess.run(command, check=False).returncode:
        raise RunError(f"The step `{program.name} {words[0]}` failed (see above).")


def _train(program: Program, words: list, log: Path, iterations: int) -> None:
    """Run `cae-caffe train`, keep what it says in `log`, and show how far it is."""
    command = _announced(program, ["train", *words])
    with log.open("w", encoding="utf-8") as kept, bar(iterations, "train") as progress, \
            subprocess.Popen(command, stderr=subprocess.PIPE, universal_newlines=True) as process:
        tell = _Teller(iterations, progress)
        for line in process.stderr or ():
            kept.write(line)
            tell(line)
    if process.returncode:
        raise RunError(f"The step `cae-caffe train` ended with status {process.returncode}; its log is {log}, and ends "
                       "with:\n" + "".join(log.read_text(encoding="utf-8").splitlines(True)[-5:]).rstrip())


class _Teller:
    """Says the engine, moves the bar, and where there is no bar prints the loss at every tenth of the way."""

    def __init__(self, iterations: int, progress) -> None:
        self._iterations = iterations
        self._progress = progress
        self._tenths = -1

    def __call__(self, line: str) -> None:
        if line.startswith("Engine:"):
            print(line.rstrip(), flush=True)
        match = LOSS.search(line)
        if match:
            self._reached(int(match.group(1)), match.group())

    def _reached(self, iteration: int, words: str) -> None:
        self._progress.update(iteration - self._progress.n)
        tenths = 10 * iteration // self._iterations
        if self._progress.disable and tenths > self._tenths:
            print(words, flush=True)
            self._tenths = tenths


def _announced(program: Program, words) -> list[str]:
    """Print the command as a user would type it; return it as this Python runs it."""
    print(f"\n$ {program.name} {' '.join(map(str, words))}", flush=True)
    return program.command(*words)
