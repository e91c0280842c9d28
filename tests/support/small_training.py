"""A small auto-encoder to train, with the data it reads, for the solvers' tests: every field of a solver acts on it."""

from __future__ import annotations

import re
from pathlib import Path

import h5py
import numpy as np

NET = """
name: "small"
layer { name: "data" type: "HDF5Data" top: "data" include { phase: TRAIN }
  hdf5_data_param { source: "train.txt" batch_size: 8 } }
layer { name: "data" type: "HDF5Data" top: "data" include { phase: TEST stage: "on-train" }
  hdf5_data_param { source: "train.txt" batch_size: 10 } }
layer { name: "data" type: "HDF5Data" top: "data" include { phase: TEST not_stage: "on-train" }
  hdf5_data_param { source: "test.txt" batch_size: 5 } }
layer { name: "encode" type: "InnerProduct" bottom: "data" top: "encode" ENCODE
  inner_product_param { num_output: 6 weight_filler { type: "gaussian" std: 0.5 sparse: 4 }
                        bias_filler { value: 0.1 } } }
layer { name: "encodesig" type: "Sigmoid" bottom: "encode" top: "encodesig" }
layer { name: "decode" type: "InnerProduct" bottom: "encodesig" top: "decode" DECODE
  inner_product_param { num_output: 12 weight_filler { type: "xavier" } } }
layer { name: "entropy" type: "SigmoidCrossEntropyLoss" bottom: "decode" bottom: "flat" top: "entropy" loss_weight: 1 }
layer { name: "decodesig" type: "Sigmoid" bottom: "decode" top: "decodesig" }
layer { name: "l2" type: "EuclideanLoss" bottom: "decodesig" bottom: "flat" top: "l2" L2 }
"""
FLAT = 'layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }\n'
DEFAULTS = {"net": '"net.prototxt"', "base_lr": "0.05", "lr_policy": '"fixed"', "random_seed": "7",
            "snapshot_prefix": '"small"'}


def net(encode="", decode="", l2="loss_weight: 0.5") -> str:
    """The net's prototxt, with the `param` blocks of the two inner products and the options of the second loss."""
    text = NET.replace("ENCODE", encode).replace("DECODE", decode).replace("L2", l2)
    return text.replace('layer { name: "encode" ', FLAT + 'layer { name: "encode" ')


def write(folder: Path, solver: str = "", text: str | None = None) -> Path:
    """Write data, net.prototxt and solver.prototxt into `folder`; returns the last's path.

    The solver has the fields of `solver`, and DEFAULTS for those that it does not give.
    """
    random = np.random.RandomState(1)
    for name, rows in (("train", 30), ("test", 20)):
        with h5py.File(str(folder / f"{name}.h5"), "w") as file:
            file["data"] = random.uniform(0, 1, (rows, 1, 3, 4)).astype(np.float32) ** 3
        (folder / f"{name}.txt").write_text(f"{name}.h5\n", encoding="utf-8")
    (folder / "net.prototxt").write_text(text or net(), encoding="utf-8")
    path = folder / "solver.prototxt"
    given = set(re.findall(r"\w+(?=:)", solver))
    if "train_net" in given or "net_param {" in solver:
        given.add("net")
    left = [f"{name}: {value}\n" for name, value in DEFAULTS.items() if name not in given]
    path.write_text("".join(left) + solver, encoding="utf-8")
    return path


def parameters(net):
    """Copies of a pycaffe net's parameters: one list of arrays a layer, without layers that have none."""
    return [[blob.data.copy() for blob in blobs] for blobs in net.params.values()]


def assert_close(ours, real, tolerance, what=""):
    """Nested lists of arrays agree within `tolerance` times the largest value of each array."""
    assert len(ours) == len(real)
    for i, (a, b) in enumerate(zip(ours, real)):
        if isinstance(b, (list, tuple)):
            assert_close(a, b, tolerance, f"{what}[{i}]")
        else:
            largest = np.abs(b).max()
            difference = np.abs(np.subtract(a, b, dtype=np.float64)).max() / (largest or 1)
            assert np.shape(a) == np.shape(b) and difference <= tolerance, f"{what}[{i}]: {difference:.2g}"


def assert_goes_on(caffe, stop: int, end: int) -> None:
    """A run of solver.prototxt from its snapshot at iteration `stop` ends at `end` as one that never stopped.

    `caffe` is the embedded engine: real Caffe does not keep where it stands in its data.
    """
    whole = caffe.get_solver("solver.prototxt")
    whole.step(stop)
    whole.snapshot()
    whole.step(end - stop)
    again = caffe.get_solver("solver.prototxt")
    state = f"small_iter_{stop}.solverstate"
    again.restore(state)
    assert again.restore_data_position(state)
    again.step(end - stop)
    assert_close(parameters(again.net), parameters(whole.net), 0)
