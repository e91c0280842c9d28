"""The nets that are trained, and what is asked of this engine on each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cae_caffe import schema

from .sides import CAFFE, EAGER, ROOT

OWN = Path(__file__).resolve().parent / "prototxt"


@dataclass(frozen=True)
class BenchmarkNet:
    """A net by its Caffe solver; `name` is the eager model's too, and `data` the HDF5 file that it trains on.

    `ratios` are the least ratios to other engines' rates that this one should reach, `limit_share` the least share of
    the rate that its matrix products alone would have, None where no such limit is measured.
    """

    name: str
    title: str
    solver: Path
    data: str
    ratios: dict[str, float]
    limit_share: float | None = None
    classifies: bool = False

    def read(self) -> tuple[object, object]:
        """The SolverParameter and the NetParameter, its paths relative to the solver's root."""
        solver = schema.read_solver(self.solver)
        return solver, schema.read_net(self.root / solver.net)

    @property
    def root(self) -> Path:
        """Where the paths in the solver start."""
        return OWN if OWN in self.solver.parents else ROOT

    @property
    def batch(self) -> int:
        return self.read()[1].layer[0].hdf5_data_param.batch_size


def _paper(name: str, title: str, model: str, caffe: float, eager: float) -> BenchmarkNet:
    return BenchmarkNet(name, title, ROOT / "prototxt" / model / "solver.prototxt", "data/mnist_train.h5",
                        {CAFFE: caffe, EAGER: eager}, limit_share=0.6)


def _ordinary(name: str, title: str) -> BenchmarkNet:
    return BenchmarkNet(name, title, OWN / name / "solver.prototxt", f"data/{name}.h5", {CAFFE: 2.0, EAGER: 1.0},
                        classifies=True)


NETS = {net.name: net for net in (
    _paper("classic", "784-1000-500-250-30", "classic-1000-500-250-n30", caffe=1.5, eager=1.1),
    _paper("cae1", "CAE Model 1, N = 2", "cae1-n2", caffe=14, eager=6),
    _paper("cae2", "CAE Model 2, N = 30", "cae2-n30", caffe=12, eager=5),
    _ordinary("lenet", "LeNet"),
    _ordinary("cifar10", "CIFAR-10 quick"),
)}
