"""A short training run, every part of SGD in it, of which real Caffe's results are kept in tests/golden/solver/."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import small_training

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "solver"
SOLVER = """lr_policy: "multistep" gamma: 0.3 stepvalue: 4 stepvalue: 9 momentum: 0.9 weight_decay: 0.02
clip_gradients: 3 iter_size: 2 test_iter: 2 test_interval: 5 """
NET = small_training.net(
    encode="param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }",
    decode="param { decay_mult: 3 } param { lr_mult: 0.5 }"
).replace("batch_size: 8", "batch_size: 8 shuffle: true")
ITERATIONS, MIDDLE = 12, 6
ENDINGS = {"BINARYPROTO": "", "HDF5": ".h5"}
LOSSES = ("entropy", "l2")


def prepare(folder: Path, form: str = "BINARYPROTO") -> None:
    """Write the net, the data and the solver into `folder`; snapshots are to be of the format `form`."""
    small_training.write(folder, f"{SOLVER} snapshot_format: {form}\n", NET)


def snapshot_files(form: str) -> dict[str, Path]:
    """The names of the snapshot's two files, and where they are kept. (Files of these names are not put under git.)"""
    kinds = {"caffemodel": "weights", "solverstate": "state"}
    return {f"small_iter_{MIDDLE}.{kind}{ENDINGS[form]}": FOLDER / f"{form.lower()}.{kept}"
            for kind, kept in kinds.items()}


def restore_snapshot(form: str, folder: Path) -> str:
    """Put the snapshot's files into `folder` under their own names; returns the state's."""
    for name, kept in snapshot_files(form).items():
        shutil.copy(str(kept), str(folder / name))
    return name


def train(caffe) -> dict[str, np.ndarray]:
    """Train in the working directory, with a snapshot on the way; returns what is kept in run.npz."""
    solver = caffe.SGDSolver("solver.prototxt")
    found = {"start": np.array(digest(solver.net)), "losses": step(solver, MIDDLE), **parameters(solver.net, "middle")}
    solver.snapshot()
    found["losses"] = np.concatenate([found["losses"], step(solver, ITERATIONS - MIDDLE)])
    return {**found, **parameters(solver.net, "end")}


def step(solver, iterations: int) -> np.ndarray:
    """The losses (iterations, 2) of so many more iterations."""
    losses = []
    for _ in range(iterations):
        solver.step(1)
        losses.append([float(solver.net.blobs[name].data) for name in LOSSES])
    return np.array(losses, np.float32)


def digest(net) -> str:
    """SHA-256 of the bytes of all parameters."""
    return hashlib.sha256(b"".join(blob.tobytes() for blob in parameters(net, "").values())).hexdigest()


def parameters(net, name: str) -> dict[str, np.ndarray]:
    """All parameters of a net as NAME0, NAME1, ..."""
    blobs = [blob for layer in small_training.parameters(net) for blob in layer]
    return {f"{name}{i}": blob for i, blob in enumerate(blobs)}
