"""What a trained net's codes are worth: classes separated on its picture, figures of merit, and losses of test images.

A run's folder gets measures.json and picture.npz, both small, so that the weights can go and pictures still be drawn.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import files
from ...analysis import merit
from ...analysis.nets import open_graph
from ...analysis.separation import NEIGHBOURS, THRESHOLD, separation
from ...analysis.tsne import embed
from ...backend import load_backend
from ...backend_protocol import Backend
from ...data import HDF5Source
from ...errors import InputError
from ...graph import Graph
from ...hdf5 import reading
from ...json_file import read_object
from ...running.encode import encode
from ...running.image_input import IMAGES, LABEL
from ..fields import check
from ..runs.record import FIELDS, MEASURES, PICTURE, RESULT

PICTURE_LIMIT = 5000        # codes that t-SNE draws, as `figure scatter` does: most of the time of it all
QUADRATIC_LIMIT = 2000      # points for measures whose time and memory grow as their square
FEWEST = 2 * NEIGHBOURS + 1     # test images: trustworthiness looks at no more neighbours than half of them
ROUNDING = 0.002                # of a picture's points, as a share of its width: a pixel or two
PARTS = {"test_first_5000": slice(5000), "test_last_5000": slice(-5000, None)}
CHUNK = 1000
# The constants behind the numbers: measures made with others are made anew.
HOW = {"neighbours": NEIGHBOURS, "threshold": THRESHOLD, "quadratic_limit": QUADRATIC_LIMIT,
       "knn_neighbours": merit.NEIGHBOURS}


@dataclass(frozen=True)
class _Set:
    """Codes (n, N) of one list's images and their labels (n,)."""

    codes: np.ndarray
    labels: np.ndarray


def measure(backend: Backend, net_file, weights, train_list, test_list, picture=None,
            picture_limit: int = PICTURE_LIMIT, train_limit: int | None = None) -> dict:
    """Measure the deploy net `net_file` with `weights` on the images of two lists, which need labels.

    The picture has the codes of the test images as they are if they are of two numbers, else by t-SNE those of a
    fixed random `picture_limit` of them; classifiers learn from the first `train_limit` training images, or from all.
    Returns, all of it fit for JSON:

    - `picture` "codes" or "t-SNE"; `classes` how many are separated on it, `separated` which (a list of booleans) and
      `purity` of each, in the order of the labels (`analysis.separation`);
    - `knn` and `linear`: accuracies on test codes of classifiers trained on training codes; `silhouette` of test codes;
      `trustworthiness` of the picture against the images (`analysis.merit`); the last two on QUADRATIC_LIMIT images;
    - `test_first_5000`, `test_last_5000`: losses per image of the first and the last 5000 test images, as Caffe
      defines them, or None for a net that does not end in a Sigmoid layer; and `how`, the constants.

    A net whose training diverged, so that codes are not finite, has no class separated and None for the rest.
    `picture` is the path of an .npz that is then written: `points` (n, 2) float16, or float32 where that would move
    them, `labels` (n,) uint8 (or wider, as they need), `rows` (n,), the images' numbers in the list. Raises
    `InputError` for files that are missing or do not fit, for missing labels, for fewer than FEWEST images or a
    smaller `picture_limit`, and where scikit-learn is missing.
    """
    if picture_limit < FEWEST:
        raise InputError(f"A picture of {picture_limit} codes is too small to be measured; give at least {FEWEST}.")
    with tempfile.TemporaryDirectory() as folder:
        train, test = (_encoded(backend, net_file, weights, data, folder, limit)
                       for data, limit in ((train_list, train_limit), (test_list, None)))
        parts = _losses_of_parts(backend, net_file, weights, test_list, folder)
    how = _how(picture_limit, train_limit)
    if not (np.isfinite(train.codes).all() and np.isfinite(test.codes).all()):
        return {**_diverged(train, test), **parts, "how": how}
    rows = np.arange(len(test.codes)) if test.codes.shape[1] == 2 else merit.sample(len(test.codes), picture_limit)
    points = test.codes if test.codes.shape[1] == 2 else embed(test.codes[rows])
    if picture is not None:
        _write_picture(picture, points, test.labels[rows], rows)
    return {**_picture_measures(test_list, test, points, rows), **_code_measures(train, test), **parts, "how": how}


def measured(run_folder, backend: str = "auto", train_list="data/mnist_train.txt", test_list="data/mnist_test.txt",
             prototxt="prototxt", picture_limit: int = PICTURE_LIMIT, train_limit: int | None = None) -> dict:
    """Measure the finished run in `run_folder` (`runs.run`), once: its measures.json is read if it is there.

    Writes measures.json, with the keys of `measure` and the run's `model`, `seed` and `iterations`, and picture.npz.
    `backend` is load_backend's name; `picture_limit` and `train_limit` are those of `measure`, which a quick
    reproduction lowers. Raises `InputError` if the run has not finished or its weights are gone.
    """
    folder = Path(run_folder)
    run = _read(folder / RESULT)
    if run is None:
        raise InputError(f"{folder}: no {RESULT} in this folder, so there is no finished run to measure.")
    check(folder / RESULT, run, FIELDS, ("model", "seed", "iterations"), "delete it to have the run made again")
    there = _current(folder, run, picture_limit, train_limit)
    if there is not None:
        return there
    weights = folder / f"{run['model']}_iter_{run['iterations']}.caffemodel"
    if not weights.exists():
        raise InputError(f"{weights}: the run's weights are gone, so it cannot be measured; train it again.")
    found = measure(load_backend(backend), Path(prototxt) / run["model"] / "deploy.prototxt", weights, train_list,
                    test_list, folder / PICTURE, picture_limit, train_limit)
    found = {**_about(run), **found}
    files.write_text(folder / MEASURES, json.dumps(found, indent=1, allow_nan=False) + "\n")
    return found


def up_to_date(run_folder, picture_limit: int = PICTURE_LIMIT, train_limit: int | None = None) -> bool:
    """Whether the finished run in `run_folder` has measures that `measured` would read instead of making them."""
    folder = Path(run_folder)
    run = _read(folder / RESULT)
    return run is not None and _current(folder, run, picture_limit, train_limit) is not None


def _current(folder: Path, run: dict, picture_limit: int, train_limit: int | None) -> dict | None:
    """The measures that stand in the folder, if they are this run's and made with today's constants."""
    there = _read(folder / MEASURES)
    same = there is not None and {**there, **_about(run), "how": _how(picture_limit, train_limit)} == there
    return there if same else None


def _about(run: dict) -> dict:
    return {key: run[key] for key in ("model", "seed", "iterations")}


def _how(picture_limit: int, train_limit: int | None) -> dict:
    return {**HOW, "picture_limit": picture_limit, **({"train_limit": train_limit} if train_limit else {})}


def _read(path: Path) -> dict | None:
    try:
        return read_object(path, "delete it to have it made again")
    except FileNotFoundError:
        return None


def _encoded(backend: Backend, net_file, weights, data, folder, limit) -> _Set:
    out = Path(folder) / "codes.h5"
    encode(backend, net_file, weights, data, out, limit=limit)
    with reading.opened(out) as file:
        if not file.find(LABEL):
            raise InputError(f"{data}: no `{LABEL}` for each image, and measures of classes need one.")
        codes = file.dataset("codes").numbers(axes=2)
        if len(codes) < FEWEST:
            raise InputError(f"{data}: {len(codes)} images are too few to measure their codes; give {FEWEST}.")
        return _Set(codes, file.dataset(LABEL).numbers(axes=1))


def _picture_measures(test_list, test: _Set, points, rows) -> dict:
    found = separation(points, test.labels[rows])
    few = merit.sample(len(rows), QUADRATIC_LIMIT)
    with HDF5Source(test_list) as source:
        images = source.rows(IMAGES, 0, len(source))[rows[few]]
    return {"picture": "codes" if points is test.codes else "t-SNE", "classes": found.count,
            "separated": found.separated.tolist(), "purity": found.purity.round(4).tolist(),
            "trustworthiness": round(merit.trustworthiness(images, points[few]), 4)}


def _code_measures(train: _Set, test: _Set) -> dict:
    few = merit.sample(len(test.codes), QUADRATIC_LIMIT)
    sets = train.codes, train.labels, test.codes, test.labels
    return {"knn": round(merit.knn_accuracy(*sets), 4), "linear": round(merit.linear_accuracy(*sets), 4),
            "silhouette": round(merit.silhouette(test.codes[few], test.labels[few]), 4)}


def _diverged(train: _Set, test: _Set) -> dict:
    classes = len(np.unique(test.labels))
    return {"picture": "codes" if test.codes.shape[1] == 2 else "t-SNE", "classes": 0,
            "separated": [False] * classes, "purity": [0.0] * classes,
            **dict.fromkeys(("trustworthiness", "knn", "linear", "silhouette"))}


def _write_picture(path, points, labels, rows) -> None:
    with np.errstate(over="ignore"):
        small = points.astype(np.float16)
    # Codes far from zero and near each other would fall together, and very large ones be infinite.
    if not np.abs(small - points).max() <= ROUNDING * np.ptp(points, axis=0).max():
        small = points
    with files.replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, points=small, labels=labels.astype(np.min_scalar_type(int(labels.max()))),
                            rows=rows.astype(np.uint32))


def _losses_of_parts(backend: Backend, net_file, weights, data, folder) -> dict:
    """Losses of PARTS of the images; None for each where the net has no sigmoid at its end."""
    blob = _logits(open_graph(backend, net_file, weights)[1])
    if blob is None:
        return dict.fromkeys(PARTS)
    out = Path(folder) / "logits.h5"
    encode(backend, net_file, weights, data, out, blob)
    with reading.opened(out) as file, HDF5Source(data) as source:
        logits = file.dataset("codes")
        ends = ((start, start + CHUNK) for start in range(0, len(source), CHUNK))
        losses = np.concatenate([_losses(logits.read(slice(*rows)), source.rows(IMAGES, *rows)) for rows in ends])
    return {name: _means(losses[rows]) for name, rows in PARTS.items()}


def _logits(graph: Graph) -> str | None:
    """The blob that goes into the Sigmoid layer that restores the image, or None."""
    image = graph.inputs[0].blob.row_size if graph.inputs else None
    for value in graph.outputs:
        if value.producer.type == "Sigmoid" and not value.in_place and value.blob.row_size == image:
            return value.producer.inputs[0].name
    return None


def _losses(logits, images):
    """(n, 2): sigmoid cross-entropy and half the squared error of each image (Caffe's loss layers, in float64)."""
    logits, images = logits.astype(np.float64), images.reshape(len(images), -1).astype(np.float64)
    with np.errstate(invalid="ignore"):      # of a net that diverged
        entropy = np.logaddexp(0, logits) - images * logits
        error = np.exp(-np.logaddexp(0, -logits)) - images
    return np.stack([entropy.sum(axis=1), 0.5 * (error ** 2).sum(axis=1)], axis=1)


def _means(losses) -> dict:
    means = losses.mean(axis=0)
    return {name: round(float(mean), 4) if np.isfinite(mean) else None
            for name, mean in zip(("cross_entropy_loss", "l2_error"), means)}
