"""Training by pycaffe's surface, on real Caffe or on this engine, as `cae-caffe train` does it."""

from __future__ import annotations

import argparse
from typing import Callable

from cae_caffe import load_backend
from cae_caffe.cli.arguments import apply_threads
from cae_caffe.progress import bar

BACKENDS = {"caffe": "caffe", "engine": "torch"}


def backend_of(engine: str, threads: int | None):
    """The engine's module, after its `--threads` were applied."""
    if engine == "engine":
        apply_threads(argparse.Namespace(threads=threads))
    return load_backend(BACKENDS[engine])


class Training:
    """Steps of the solver in the file `solver`."""

    def __init__(self, engine: str, threads: int | None, solver: str):
        self._backend = backend_of(engine, threads)
        self._solver = self._backend.get_solver(solver)
        progress = bar(None, "training")
        self._solver.add_callback(lambda: None, lambda: progress.update(1))
        self._replay: Callable[[], None] | None = None

    def about(self) -> dict[str, str]:
        return version_of(self._backend)

    def run(self, times: int) -> None:
        """Train for so many iterations."""
        self._solver.step(times)

    def products(self, times: int) -> None:
        """Do so many times the matrix products of a step and nothing else, on the step's own tensors."""
        if self._replay is None:
            self._replay = self._products_of_a_step()
        for _ in range(times):
            self._replay()

    def _products_of_a_step(self) -> Callable[[], None]:
        from cae_caffe.engine.lowering.measure import products_of
        net = self._solver._engine.net      # noqa: SLF001 - pycaffe's surface has no way to the engine's own tensors

        def step() -> None:
            net.clear_param_diffs()
            net.forward_backward()

        return products_of(step)


def version_of(backend) -> dict[str, str]:
    """The engine's version, and how many threads it runs on, if it says so."""
    if backend.__name__ == "caffe":
        return {"version": f"Caffe {backend.__version__}"}
    import torch
    return {"version": f"PyTorch {torch.__version__}", "threads": str(torch.get_num_threads())}
