"""`cae-caffe export-onnx` as its tests run it: what it said, and the file that it wrote."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

COLOURS = """
name: "colours"
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 2 kernel_size: 3
  stride: 2 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
"""
COLOUR_SHAPES = {"conv": [(2, 3, 3, 3), (2,)]}


class Exported:
    """How a command ended, and the file that it wrote."""

    def __init__(self, status, out, err, path):
        self.status, self.out, self.err, self.path = status, out, err, path

    def session(self):
        onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not here: pip install cae-caffe[onnx]")
        return onnxruntime.InferenceSession(str(self.path), providers=["CPUExecutionProvider"])

    def run(self, **arrays):
        session = self.session()
        found = session.run(None, {name: array.astype(np.float32) for name, array in arrays.items()})
        return dict(zip([one.name for one in session.get_outputs()], found))

    @property
    def metadata(self):
        import onnx

        return {one.key: one.value for one in onnx.load(self.path).metadata_props}


def refused(done, status, *words):
    """Fail unless the command ended with this status, said these words, and left no file and no part of one."""
    assert done.status == status, done.out + done.err
    for word in words:
        assert re.search(word, done.err), done.err
    assert "Traceback" not in done.err
    assert not os.path.exists(done.path)
    folder = os.path.dirname(done.path)
    assert not os.path.isdir(folder) or not [name for name in os.listdir(folder) if name.startswith(".cae-caffe")]
