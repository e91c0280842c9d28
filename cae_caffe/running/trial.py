"""A few iterations on one engine, with all of it kept that `verify` compares; a process of its own:

python3 -m cae_caffe.running.trial caffe|torch SOLVER ITERATIONS OUT.npz
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..backend import describe, load_backend
from ..backend_protocol import Backend, Net
from ..graph import by_number
from .processes import status_of


@dataclass
class Trial:
    """What a run left: for each iteration its weighted loss and seconds, each parameter's values before and after.

    `names` are the parameters', LAYER[index]; `initial` and `final` hold float32 arrays in their order.
    """

    engine: str
    names: list[str]
    initial: list[np.ndarray]
    final: list[np.ndarray]
    losses: np.ndarray
    seconds: np.ndarray


def run(backend: Backend, solver_file: str, iterations: int) -> Trial:
    """Train for so many iterations; each one's time includes reading its loss (its last pass's, with `iter_size`)."""
    backend.set_mode_cpu()
    solver = backend.get_solver(solver_file)
    net = solver.net
    initial = _parameters(net)
    losses, seconds = np.empty(iterations), np.empty(iterations)
    for i in range(iterations):
        start = time.perf_counter()
        solver.step(1)
        losses[i] = _loss(net)
        seconds[i] = time.perf_counter() - start
    names = [f"{name}[{i}]" for name, layer in zip(by_number.layer_names(net), net.layers)
             for i in range(len(layer.blobs))]
    return Trial(describe(backend), names, initial, _parameters(net), losses, seconds)


def _parameters(net: Net) -> list[np.ndarray]:
    return [np.array(blob.data, np.float32) for layer in net.layers for blob in layer.blobs]


def _loss(net: Net) -> float:
    weighted = zip(by_number.blobs(net), by_number.loss_weights(net))
    return sum(weight * float(np.sum(blob.data)) for blob, weight in weighted if weight)


def save(trial: Trial, path: str) -> None:
    """Write `trial` to the .npz file `path`."""
    arrays = {f"{kind}{i}": array for kind in ("initial", "final") for i, array in enumerate(getattr(trial, kind))}
    np.savez(path, engine=trial.engine, names=np.array(trial.names, str), losses=trial.losses, seconds=trial.seconds,
             **arrays)


def load(path: str) -> Trial:
    """What `save` wrote to `path`."""
    with np.load(path) as file:
        names = file["names"].tolist()
        initial, final = ([file[f"{kind}{i}"] for i in range(len(names))] for kind in ("initial", "final"))
        return Trial(str(file["engine"]), names, initial, final, file["losses"], file["seconds"])


def main(words: Sequence[str]) -> int:
    """The process; returns its exit status."""
    engine, solver_file, iterations, out = words
    return status_of(lambda: save(run(load_backend(engine), solver_file, int(iterations)), out))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
