"""What the report's map of codes is drawn from: codes of test images in the plane, what the net makes of each of them,
and what its decoder draws at places all over that plane; a process of its own, which changes RESULTS/map.json:

    python3 -m cae_caffe.reproduction.measures.code_map RESULTS

The paper shows where the codes lie (Figs. 1 and 4). A code of two numbers is a place in the plane, and the decoder, run
from the code's blob on, turns any place into a picture, so the plane behind the codes can be shown as well.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ... import files
from ...analysis.nets import open_graph
from ...analysis.structure import code_blob
from ...backend import describe, load_backend
from ...backend_protocol import Backend, Net
from ...data import HDF5Source
from ...errors import InputError
from ...graph import by_number
from ...json_file import read_object
from ...running.image_input import IMAGES, feed, image_input, labels
from ...running.processes import status_of
from ..runs import record
from ..runs.run import RESULT
from .sprites import sprite

MAP = "map.json"
PREFERRED = ("cae2-n2", "cae1-n2", "classic-1000-500-250-n2")       # the first that a results folder has trained
IMAGES_SHOWN = 1500
CELLS = 30              # the plane is cut into so many by so many cells, with a picture for each
MARGIN = 0.03           # of the plane around the codes, as a share of their spread
BATCH = 250
DIGITS = 5              # a number of the file has so many significant digits


@dataclass(frozen=True)
class _Net:
    """An open deploy net: its blobs of images, codes and results, and the number of the decoder's first layer."""

    net: Net
    images: str
    code: str
    restored: str
    decoder: int

    def encode(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Codes (n, 2) and restored images, of the shape of `images` (n, ...)."""
        feed(self.net, self.images, images)
        self.net.forward()
        codes, restored = (np.array(self.net.blobs[name].data) for name in (self.code, self.restored))
        return codes.reshape(len(images), -1), restored.reshape(images.shape)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """What the decoder alone makes of `codes` (n, 2): images (n, ...)."""
        blob = self.net.blobs[self.images]
        blob.reshape(len(codes), *tuple(blob.shape)[1:])
        self.net.reshape()
        code = self.net.blobs[self.code]
        code.data[...] = codes.reshape(tuple(code.shape))
        by_number.forward(self.net, self.decoder, len(self.net.layers) - 1)
        return np.array(self.net.blobs[self.restored].data)


def refresh(results: Path, data: Path = Path("data/mnist_test.txt"), prototxt: Path = Path("prototxt"),
            backend: str = "auto") -> Path | None:
    """Have `results`/map.json show the best run with N = 2 whose weights are there; return its path.

    The best is of the first of PREFERRED that is finished, by the embedded engine before real Caffe, by the least seed.
    Nothing is done if the file shows that run already, or if there is no such run; then the path is that of the file
    there is, or None. A few seconds of work else. Raises InputError for files that are missing or do not fit.
    """
    path, run = results / MAP, _best(results)
    if run is None or _shown(path) == _identity(run):
        return path if path.exists() else None
    net_file = prototxt / run["model"] / "deploy.prototxt"
    made = make(load_backend(backend), net_file, run["weights"], data)
    files.write_text(path, json.dumps({**_identity(run), **made}, separators=(",", ":")) + "\n")
    return path


def make(backend: Backend, net_file, weights, data, count: int = IMAGES_SHOWN, cells: int = CELLS) -> dict:
    """The map of a trained net whose code has two numbers, as a value for JSON.

    `count` images at most are shown, at even steps through the list `data`; the plane has `cells` by `cells` pictures.
    Keys: `images` (rows of `data`), `label` (or None), `codes` ([x, y] each), `error` (half the squared error of each,
    as Caffe's EuclideanLoss counts), `inputs` and `restored` (`sprites.sprite`s in that order), `plane` (`x` and `y`,
    from the border of the first cell to that of the last, `cells`, and `pictures`, a sprite: rows from the top, where y
    is greatest), `net`, `weights`, `engine`. Raises InputError for files that are missing or do not fit, for codes of
    another length, and for codes that are not finite.
    """
    with HDF5Source(data) as source:
        net = _open(backend, net_file, weights, source, data)
        step = max(1, -(-len(source) // count))
        rows = list(range(0, len(source), step))
        images = np.concatenate([part[::step] for part in _aligned(source, step)])
        label = labels(source, 0, len(source))
    codes, restored = (np.concatenate(parts) for parts in zip(*(net.encode(part) for part in _batches(images))))
    if not np.isfinite(codes).all():
        raise InputError(f"{weights}: some codes of this net are not finite; its training diverged, so it has no map.")
    error = np.square(restored - images).reshape(len(images), -1).sum(1) / 2
    return {"net": str(net_file), "weights": str(weights), "engine": describe(backend), "blob": net.code,
            "data": str(data), "of": len(label) if label is not None else rows[-1] + 1, "images": rows,
            "label": None if label is None else [int(value) for value in label[::step]],
            "codes": [_rounded(code) for code in codes], "error": _rounded(error),
            "inputs": sprite(_pictures(images)), "restored": sprite(_pictures(restored)),
            "plane": _plane(net, codes, cells)}


def _open(backend: Backend, net_file, weights, source, data) -> _Net:
    net, graph = open_graph(backend, net_file, weights)
    images = image_input(net, net_file, source, data)
    name = code_blob(graph)
    code = graph.finals[name] if name else None
    if code is None or code.blob.row_size != 2:
        numbers = "no code" if code is None else f"a code of {code.blob.row_size} numbers"
        raise InputError(f"{net_file}: this net has {numbers}, but a map needs one of 2; choose a model "
                         "that ends in -n2.")
    # By number, since Caffe puts a Split behind a blob that several layers read, and that has to run too.
    return _Net(net, images, code.name, net.outputs[0], code.producer.number + 1)


def _aligned(source, step: int) -> Iterator[np.ndarray]:
    """The images in parts that begin at multiples of `step`, so that every `step`th of each part is wanted."""
    size = step * max(1, BATCH // step)
    return (source.rows(IMAGES, start, min(start + size, len(source))) for start in range(0, len(source), size))


def _batches(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start:start + BATCH] for start in range(0, len(rows), BATCH))


def _plane(net: _Net, codes: np.ndarray, cells: int) -> dict:
    """What the decoder draws at the middle of each cell of the plane around `codes`."""
    low, high = codes.min(0).astype(float), codes.max(0).astype(float)
    spread = np.where(high > low, high - low, 1.0)
    low, high = low - MARGIN * spread, high + MARGIN * spread
    x, y = (low[axis] + (high[axis] - low[axis]) * (np.arange(cells) + 0.5) / cells for axis in (0, 1))
    places = np.stack([axis.ravel() for axis in np.meshgrid(x, y[::-1])], axis=1).astype(np.float32)
    drawn = np.concatenate([net.decode(part) for part in _batches(places)])
    return {"x": _rounded([low[0], high[0]]), "y": _rounded([low[1], high[1]]), "cells": cells,
            "pictures": sprite(_pictures(drawn))}


def _pictures(images: np.ndarray) -> np.ndarray:
    """Images (n, channels, height, width) or (n, height * width) of grey as (n, height, width)."""
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        return images.reshape(len(images), side, -1)
    return images.mean(axis=1)


def _rounded(values) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in np.asarray(values).tolist()]


def _best(results: Path) -> dict | None:
    """The finished run to show, `weights` with its other keys, or None."""
    place = {model: at for at, model in enumerate(PREFERRED)}
    found = []
    for path in (results / "runs").glob(f"*/{RESULT}"):
        try:
            run = record.read(path.parent, path.parent.name) or {}
        except InputError:      # told by the page
            continue
        weights = path.parent / f"{run.get('model')}_iter_{run.get('iterations')}.caffemodel"
        if run.get("model") in place and weights.exists() and _finite(run):
            real = str(run.get("engine", "")).startswith("real Caffe")
            found.append(((place[run["model"]], real, run.get("seed", 0)), {**run, "weights": weights}))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _finite(run: dict) -> bool:
    """Whether training went well as far as its losses say; a net whose codes are not finite has no map."""
    return all(map(math.isfinite, run["test"].values()))


def _read(path: Path) -> dict:
    """A JSON object; an empty one where the file holds none, which is for others to complain about."""
    try:
        return read_object(path, "")
    except (OSError, InputError):
        return {}


def _identity(run: dict) -> dict:
    """What tells one trained run from another."""
    return {key: run.get(key) for key in ("model", "seed", "iterations", "test")}


def _shown(path: Path) -> dict:
    """The identity of the run that the map at `path` shows."""
    shown = _read(path)
    return {key: shown.get(key) for key in _identity({})} if shown else {}


def main(words: Sequence[str]) -> int:
    """The process; returns its exit status."""
    os.environ.setdefault("GLOG_minloglevel", "2")      # errors alone; engines write lines for every layer else
    return status_of(lambda: refresh(Path(words[0])))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
