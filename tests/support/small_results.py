"""A folder of results without any training: runs, measures, a question, figures, random weights to make a map of."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
import small_autoencoder
from PIL import Image

from cae_caffe import files
from cae_caffe.models import PAPER

ROOT = Path(__file__).resolve().parents[2]
# The parameters of a convolutional net of the paper's, by layer, as Caffe stores them.
LAYERS = {"cae1-n2": {"conv1": [(4, 1, 9, 9), (4,)], "conv2": [(2, 4, 9, 9), (2,)], "ip1encode": [(125, 288), (125,)],
                      "ip2encode": [(2, 125), (2,)], "ip1decode": [(125, 2), (125,)],
                      "deconv2": [(125, 2, 12, 12), (2,)], "deconv1": [(2, 2, 17, 17), (2,)],
                      "deconv1neur": [(2, 1, 1, 1), (1,)]}}


def write_run(results: Path, model: str, seed: int, test=(160.0, 18.0), iterations=None, **more) -> Path:
    """Write the record of a finished run; returns its folder. `more` are further keys of result.json."""
    length = iterations or (20000 if model.startswith("cae") else 5000)
    real = more.get("engine", "").startswith("real")
    folder = results / "runs" / f"{model}-seed{seed}{'-caffe' if real else ''}"
    losses = dict(zip(("cross_entropy_loss", "l2_error"), test))
    points = [[at * length // 20, test[0] + 50 * 0.7 ** at] for at in range(21)]
    record = {"model": model, "seed": seed, "iterations": length, "engine": "embedded (PyTorch 2) on CPU",
              "version": "1", "seconds": 100.0, "train_last_batch": losses,
              "train_last_thousand": losses, "train": losses, "test": losses,
              "curves": {"loss": points, "train": {}, "test": {"cross_entropy_loss": points[::10]}}, **more}
    files.write_text(folder / "result.json", json.dumps(record))
    return folder


def write_measures(folder: Path, apart: int = 7) -> None:
    """Write the measures of the run in `folder`, of whose ten classes `apart` are separated."""
    found = {"picture": "codes", "classes": apart, "separated": [at < apart for at in range(10)], "purity": [0.5] * 10,
             "knn": 0.71, "linear": 0.62, "trustworthiness": 0.93, "silhouette": None}
    files.write_text(folder / "measures.json", json.dumps(found))


def write_question(results: Path, key: str = "batch") -> None:
    """Write a question with two arms, of five seeds and of one."""
    def runs(count, base):
        return [{"model": "cae1-n30", "seed": seed, "train": [base, 7.0], "train_last_batch": [base, 7.0],
                 "test": [base + seed, 7.0 + seed / 10]} for seed in range(1, count + 1)]
    question = {"key": key, "title": "The batch size", "question": "Which batch size?", "answer": "A hundred <images>.",
                "arms": [{"name": "100", "what": "as Caffe's example", "paper": "97.8; 7.69", "runs": runs(5, 95.0)},
                         {"name": "50", "what": "half of it", "paper": None, "runs": runs(1, 99.0)}]}
    files.write_text(results / "questions" / f"{key}.json", json.dumps(question))


def write_map(results: Path) -> None:
    """Write a map of one image, without its pictures."""
    sprite = {"png": "", "width": 1, "height": 1, "columns": 1}
    found = {"model": "cae1-n2", "codes": [[0, 0]], "label": [1], "error": [0.5], "inputs": sprite, "restored": sprite,
             "plane": {"x": [0, 1], "y": [0, 1], "cells": 1, "pictures": sprite}}
    files.write_text(results / "map.json", json.dumps(found))


def write_figure(results: Path, name: str) -> None:
    """Write a small picture as a figure."""
    (results / "figures").mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(str(results / "figures" / name))


def write_weights(folder: Path, model: str = "cae1-n2") -> Path:
    """Write random weights of `model` into its run's folder; returns their path."""
    assert sum(int(np.prod(shape)) for blobs in LAYERS[model].values() for shape in blobs) == PAPER[model].parameters
    path = folder / f"{model}_iter_20000.caffemodel"
    small_autoencoder.write_weights(path, LAYERS[model])
    return path


def images_of(sprite: dict, count: int) -> np.ndarray:
    """The first `count` tiles of a sprite, (count, height, width) uint8, read back from its PNG."""
    whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(sprite["png"]))))
    height, width, columns = sprite["height"], sprite["width"], sprite["columns"]
    return np.stack([whole[at // columns * height:, at % columns * width:][:height, :width] for at in range(count)])
