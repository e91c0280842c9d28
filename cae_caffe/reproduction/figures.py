"""The paper's seven figures, each made from a folder of results.

Figs. 1, 2 and 4 to 6 show the codes of MNIST's test images in the plane, Fig. 3 the architecture, Fig. 7 what the
layers of CAE Model 2 make of a digit. Which nets these are stands in `runs.plan`; the paper does not say which N
its Fig. 7 has, and N = 30 is taken, whose restored images are the best. Trained nets lie where `cae-caffe reproduce`
leaves them. Codes are cached beside them as codes.h5.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..analysis.tsne import usual_perplexity
from ..backend import load_backend
from ..backend_protocol import Backend
from ..data import HDF5Source
from ..errors import InputError
from ..figures import architecture, layers, scatter
from ..figures.stored import stored
from ..hdf5 import reading
from ..running.activations import dump
from ..running.encode import encode
from .runs import record
from .runs.plan import FIGURE_NUMBERS, FIGURES, QUICK
from .runs.record import CODES, PICTURE

FIG_3 = "cae1-n2"               # the model whose architecture is drawn; the other differs in its numbers of maps
TEST_LIST = "data/mnist_test.txt"
QUICK_LIMIT = 500               # codes that t-SNE draws for a folder of short runs; all of them take a minute or two
FIG_7_DIGIT = 2                 # the one that the paper shows; it has pictures of ten


@dataclass(frozen=True)
class _Trained:
    """A model's finished run: its folder, its deploy net and its weights, which may be gone."""

    model: str
    folder: Path
    net: Path
    weights: Path

    def require_weights(self) -> None:
        """Raise InputError if the weights are gone."""
        if not self.weights.is_file():
            raise InputError(f"{self.weights}: the weights of this run are gone, and the figure needs them; delete "
                             f"{self.folder / record.RESULT} and train it again with `cae-caffe reproduce`.")


def make_figure(number: int, results, seed: int = 1, backend: str = "auto", prototxt="prototxt",
                test_list=TEST_LIST) -> list[Path]:
    """Draw figure `number` (1 to 7) from `results`/runs/MODEL-seed`seed`/; returns the pictures, in `results`/figures.

    Those are fig1.png ... fig7.png, and for Fig. 7, whose fig7.png is of a 2, also fig7-digitD.png for each other digit
    and fig7-digits.png, a page of all ten. `backend` is load_backend's name; `test_list` names MNIST's test images.
    Where the weights are gone but the run was measured (`measures`), the codes are drawn from its
    picture.npz. t-SNE takes all codes, or 2000 for a folder of short runs. Raises InputError for another number and
    where the run, its weights or the data are missing.
    """
    if number not in FIGURE_NUMBERS:
        raise InputError(f"Figure {number} is not in the paper; it has {FIGURE_NUMBERS[0]} to {FIGURE_NUMBERS[-1]}.")
    os.environ.setdefault("GLOG_minloglevel", "2")      # errors alone; engines write lines for every layer else
    results = Path(results)
    out = results / "figures" / f"fig{number}.png"
    if number == 3:
        architecture.draw(load_backend(backend), Path(prototxt) / FIG_3 / "deploy.prototxt", out)
        return [out]
    run = _trained(FIGURES[number], results, seed, Path(prototxt), number)
    if number == 7:
        return _draw_layers(run, load_backend(backend), test_list, out)
    limit = QUICK_LIMIT if results.name == QUICK else None
    return [_draw_codes(run, backend, test_list, out, limit)]


def _trained(model: str, results: Path, seed: int, prototxt: Path, number: int) -> _Trained:
    """The finished run of `model`; raises InputError that says how to make it."""
    folder = results / "runs" / f"{model}-seed{seed}"
    result = record.read(folder, f"{model}, seed {seed}")
    if result is None:
        raise InputError(f"{folder}: Figure {number} shows a trained {model}, but there is no finished run of it here; "
                         f"`cae-caffe reproduce --figure {number}` trains it.")
    weights = folder / f"{model}_iter_{result['iterations']}.caffemodel"
    return _Trained(model, folder, prototxt / model / "deploy.prototxt", weights)


def _draw_codes(run: _Trained, backend: str, test_list, out: Path, limit) -> Path:
    if not run.weights.is_file() and not (run.folder / CODES).is_file() and (run.folder / PICTURE).is_file():
        return _draw_measured(run, out)
    codes = _codes(run, backend, test_list)
    if limit is None:
        with stored(codes, ["codes"], "cae-caffe encode") as file:
            limit = len(file.dataset("codes").numbers(axes=2))
    scatter.draw(codes, out, limit=limit)
    return out


def _codes(run: _Trained, backend: str, test_list) -> Path:
    """The run's codes.h5, written if it is not there or is older than the weights or of other images."""
    path = run.folder / CODES
    if not run.weights.is_file():
        if path.is_file():
            return path
        run.require_weights()
    if not (path.is_file() and path.stat().st_mtime >= run.weights.stat().st_mtime
            and _said(path) == (str(run.net), str(run.weights), str(test_list))):
        encode(load_backend(backend), run.net, run.weights, test_list, path)
    return path


def _said(path: Path) -> tuple:
    """The net, weights and list that a file of codes says it comes from; of a damaged file nothing."""
    try:
        with reading.opened(path) as file:
            return tuple(file.text_attribute(name) for name in ("net", "weights", "data"))
    except InputError:
        return ()


def _draw_measured(run: _Trained, out: Path) -> Path:
    """The picture that the run was measured by, of whose t-SNE, if any, some images were taken."""
    with np.load(str(run.folder / PICTURE)) as picture:
        points, label = picture["points"].astype(np.float32), picture["labels"]
    dimensions = int(run.model.rsplit("-n", 1)[1]) if "-n" in run.model else 2
    how = scatter.CodesAsTheyAre("code") if dimensions == 2 else \
        scatter.ByTSNE(dimensions, f"perplexity {usual_perplexity(len(points)):g}, seed 1")
    scatter.draw_points(points, label, out, how, run.model, len(points))
    return out


def _draw_layers(run: _Trained, backend: Backend, test_list, out: Path) -> list[Path]:
    """One page for a 2, one for each other digit, and one of all."""
    run.require_weights()
    with tempfile.TemporaryDirectory() as folder:
        activations = Path(folder) / "activations.h5"
        first = dump(backend, run.net, run.weights, test_list, activations, _first_of_each(test_list))
        pages = {index: out if digit == FIG_7_DIGIT else out.with_name(f"{out.stem}-digit{digit}{out.suffix}")
                 for digit, index in enumerate(first)}
        for index, page in pages.items():
            layers.draw(activations, page, [index])
        together = out.with_name(f"{out.stem}-digits{out.suffix}")
        layers.draw_together(activations, together)
    return sorted(pages.values(), key=lambda page: page != out) + [together]


def _first_of_each(test_list) -> list[int]:
    """The first image of each digit, 0 to 9."""
    with HDF5Source(test_list, ["label"]) as source:
        known, first = np.unique(source.rows("label", 0, len(source)), return_index=True)
    if known.tolist() != list(range(10)):
        raise InputError(f"{test_list}: its labels are {', '.join(f'{label:g}' for label in known)}, but the figure "
                         "shows the digits 0 to 9; give MNIST's test images.")
    return [int(index) for index in first]
