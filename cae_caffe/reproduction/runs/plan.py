"""Which runs there are in a folder of results, where they lie, and how long they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ...models import PAPER
from .run import Run
from .variant import Variant

TABLES = {1: "classic", 4: "cae"}       # table of the paper with trained nets: how the names of its models begin
# The nets that figures show: by the paper's captions, and for Fig. 7, whose N is not told, the best of Model 2.
FIGURES = {1: "classic-1000-500-250-n2", 2: "siamese", 4: "cae2-n2", 5: "cae2-n10", 6: "cae2-n30", 7: "cae2-n30"}
FIGURE_NUMBERS = (1, 2, 3, 4, 5, 6, 7)  # Fig. 3 is a drawing and needs no run
PAPER_RUNS = 3                          # of the paper, for each model
QUICK = "quick"                         # the folder of short runs, in that of the results
QUICK_TEST_BATCHES = 10                 # of 100 images
# How a model's name begins: the iterations of its short run, some seconds each.
QUICK_ITERATIONS = {"cae1": 200, "cae2": 100, "classic-300": 200, "classic-500": 200, "classic-1000": 100,
                    "classic-2000": 30, "classic-3000": 15, "siamese": 150}

# Iterations of runs that are not their solver's: Caffe's siamese example trains 50000, hours of a core, and the paper
# does not say how long its Fig. 2 took; the picture stands long before.
ITERATIONS = {"siamese": 10000}


@dataclass(frozen=True)
class Plan:
    """The runs of the results folder `out`, of the paper's lengths or, `quick`, short ones in a folder inside."""

    out: Path
    quick: bool = False
    backend: str = "torch"
    prototxt: Path = Path("prototxt")

    @property
    def folder(self) -> Path:
        """Where everything goes."""
        return self.out / QUICK if self.quick else self.out

    def run(self, model: str, seed: int) -> Run:
        """A run of a table: `model` as the paper trained it, real Caffe's with its engine behind its name."""
        engine = "-caffe" if self.backend == "caffe" else ""
        return self._run(model, seed, self.folder / "runs" / f"{model}-seed{seed}{engine}", None)

    def question_run(self, model: str, seed: int, variant: Variant | None = None) -> Run:
        """A run of an open question's arm; one without a variant is a table's, and lies there up to its seeds."""
        table = self.run(model, seed)
        if variant is None and (seed <= PAPER_RUNS or table.result() is not None):
            return table
        words = [model, *([variant.name] if variant else []), f"seed{seed}",
                 *(["caffe"] if self.backend == "caffe" else [])]
        return self._run(model, seed, self.folder / "questions" / "runs" / "-".join(words), variant)

    def table_runs(self, table: int, runs: int) -> list[Run]:
        """The runs of Table 1 or 4, seeds 1 to `runs`, model by model."""
        return [self.run(model, seed) for model in PAPER if model.startswith(TABLES[table])
                for seed in range(1, runs + 1)]

    def figure_runs(self, figure: int) -> list[Run]:
        """The run whose net a figure shows; none for Fig. 3."""
        return [self.run(FIGURES[figure], 1)] if figure in FIGURES else []

    def by(self, backend: str) -> Plan:
        """The same plan on another engine."""
        return replace(self, backend=backend)

    def _run(self, model: str, seed: int, folder: Path, variant: Variant | None) -> Run:
        iterations = _quick_iterations(model) if self.quick else ITERATIONS.get(model)
        return Run(model, seed, folder, iterations, self.backend, self.prototxt, variant,
                   QUICK_TEST_BATCHES if self.quick else None)


def _quick_iterations(model: str) -> int:
    return next(count for start, count in QUICK_ITERATIONS.items() if model == start or model.startswith(f"{start}-"))
