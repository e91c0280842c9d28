"""OpenCV 4's own forward passes of layers that forks of Caffe have: a judge beside the references in NumPy.

    OPENCV = {"bins that overlap": Case('type: "ROIPooling" roi_pooling_param { ... }', [maps, regions])}

    @pytest.mark.parametrize("name", OPENCV)
    def test_opencv_computes_the_same(name):
        opencv_judge.hold("roi_pooling", name, OPENCV[name])

The prototxt must be one that OpenCV reads, too. What it gave is kept in tests/golden/opencv (make_opencv.py writes it),
so that the test holds without OpenCV; where OpenCV is, it is asked again.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from conformance import TOLERANCE, Agreement, Case, _difference, run_embedded

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS / "golden" / "opencv"
SPELLINGS = {"reorg_param { stride:": "reorg_param { reorg_stride:"}      # what OpenCV calls otherwise than the fork


def hold(family: str, name: str, case: Case, reason: str = "", **exceptions) -> None:
    """Fail unless the engine and OpenCV, if it is here, give the kept tops; `exceptions` are Agreement's."""
    if exceptions and not reason:
        raise ValueError(f"State the reason for {exceptions}.")
    agreement = Agreement(**{"tolerance": TOLERANCE, **exceptions})
    kept = read(family, name, case)
    ours = run_embedded(dataclasses.replace(case, backward=False))[0]
    _compare(f"OpenCV's {name!r}", case, [ours[f"{top}.data"] for top in case.top_names], kept, agreement)
    if is_here():
        _compare(f"What is kept of {name!r}, of OpenCV here,", case, run_opencv(case), kept, Agreement())


def _compare(what: str, case: Case, found, wanted, agreement: Agreement) -> None:
    for top, mine, theirs in zip(case.top_names, found, wanted):
        complaint = _difference(mine, theirs.astype(np.float64), agreement)
        if complaint:
            pytest.fail(f"{what} differs in {top}: {complaint}\n{case.prototxt}", pytrace=False)


def is_here() -> bool:
    return importlib.util.find_spec("cv2") is not None


def run_opencv(case: Case) -> list[np.ndarray]:
    """The tops that OpenCV gives for the one layer of `case`."""
    import cv2

    text = functools.reduce(lambda text, names: text.replace(*names), SPELLINGS.items(), case.prototxt)
    net = cv2.dnn.readNetFromCaffe(np.frombuffer(text.encode(), np.uint8))
    for i, bottom in enumerate(case.bottoms):
        net.setInput(np.asarray(bottom, np.float32), f"bottom{i}")
    return [np.array(top) for top in net.forwardAndRetrieve(["layer"])[0]]


def path_of(family: str, name: str) -> Path:
    words = re.findall("[a-z0-9]+", name)
    return FOLDER / f"{'-'.join([family, *words])}.npz"


def write(family: str, name: str, case: Case) -> None:
    np.savez_compressed(path_of(family, name), *run_opencv(case))


def read(family: str, name: str, case: Case) -> list[np.ndarray]:
    """What `write` wrote."""
    with np.load(path_of(family, name)) as stored:
        return [stored[f"arr_{i}"] for i in range(len(case.top_names))]
