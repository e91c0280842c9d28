"""OpenCV 5, which has no Caffe reader, as a judge of ONNX models; it cannot share an environment with OpenCV 4.

It lives in .judges/opencv5, where scripts/setup puts it, and runs in a process of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / ".judges" / "opencv5"

_SERVER = """
import os, pickle, sys
import numpy as np
answers = os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import cv2
while True:
    try:
        model, inputs, outputs = pickle.load(sys.stdin.buffer)
    except EOFError:
        break
    try:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        for name, array in inputs.items():
            net.setInput(array, name)
        answer = [np.array(array) for array in net.forward(outputs)]
    except Exception as error:
        answer = str(error)
    pickle.dump(answer, answers)
    answers.flush()
"""


@functools.cache
def _process() -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "OPENCV_LOG_LEVEL": "SILENT"}
    process = subprocess.Popen([sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=environment)
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(BrokenPipeError):      # it may have crashed
        process.stdin.close()
    process.wait()
    process.stdout.close()


def run(model, inputs, names) -> dict:
    """What OpenCV 5 gives for the ONNX `model` and `inputs`, by the outputs' names; fails the test where it cannot."""
    if not FOLDER.is_dir():
        pytest.skip("OpenCV 5 is not here: scripts/setup puts it into .judges/opencv5")
    known = {one.name for one in model.graph.input}
    outputs = [one.name for one in model.graph.output]
    process = _process()
    question = (model.SerializeToString(), {name: array for name, array in inputs.items() if name in known}, outputs)
    try:
        pickle.dump(question, process.stdin)
        process.stdin.flush()
        answer = pickle.load(process.stdout)
    except (EOFError, BrokenPipeError):
        _process.cache_clear()
        pytest.fail(f"OpenCV 5 crashes: its process ends with {process.wait()}", pytrace=False)
    if isinstance(answer, str):
        pytest.fail(f"OpenCV 5 does not run the model: {answer}", pytrace=False)
    # Its arrays have one axis at least.
    return {one.name: array if one.type.tensor_type.shape.dim else array.reshape(())
            for one, array in zip(model.graph.output, answer)}
