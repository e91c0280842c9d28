"""A good net, solver and data, what a mistake changes in them, and wrong files to put among them."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path
from typing import Union

import h5py
import numpy as np
from PIL import Image

from cae_caffe import schema

DATA = """\
layer {
  name: "data"  type: "HDF5Data"  top: "data"  top: "label"
  hdf5_data_param { source: "train.txt"  batch_size: 4 }
}
"""
RELU1 = 'layer { name: "relu1"  type: "ReLU"  bottom: "conv1"  top: "conv1" }\n'
IP1 = """\
layer {
  name: "ip1"  type: "InnerProduct"  bottom: "conv1"  top: "ip1"
  inner_product_param { num_output: 3  weight_filler { type: "xavier" } }
}
"""
NET = f"""\
name: "digits"
{DATA}layer {{
  name: "conv1"  type: "Convolution"  bottom: "data"  top: "conv1"
  convolution_param {{ num_output: 4  kernel_size: 3  weight_filler {{ type: "xavier" }} }}
}}
{RELU1}{IP1}layer {{ name: "loss"  type: "SoftmaxWithLoss"  bottom: "ip1"  bottom: "label"  top: "loss" }}
"""
SOLVER = """\
net: "net.prototxt"
base_lr: 0.01
lr_policy: "fixed"
max_iter: 3
display: 1
snapshot_prefix: "digits"
random_seed: 1
"""
TRAIN = ("train", "-solver", "solver.prototxt")
CLASSES, ROWS, SIDE = 3, 8, 8

Content = Union[str, bytes]


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One mistake; `key` is its name in tests."""

    key: str
    title: str
    done: str                       # what the user did, as a sentence of the page
    verdict: str                    # "better: ..." or "equal: ...": what this package's answer is worth to that user
    names: tuple[str, ...]          # what this package's answer must name
    files: tuple[tuple[str, Content], ...] = ()         # instead of good ones, or beside them
    edits: tuple[tuple[str, str, str], ...] = ()        # file, text there, text instead of it
    command: tuple[str, ...] = TRAIN    # of `caffe` and `cae-caffe`, or a script's name for Python and `cae-caffe run`
    folder: str = "."               # where the command is given, below the folder of the files
    status: int = 2                 # of this package's command
    memory: int = 0                 # bytes of address space that the process may have; 0: as many as there are
    keep: str = ""                  # lines of the two logs that belong to the answer, beside warnings and errors

    @property
    def script(self) -> bool:
        """Whether the command is a Python script, not words of `caffe`."""
        return self.command[0].endswith(".py")


def write(mistake: Mistake, folder: Path) -> None:
    """Write the good files with the mistake in them into `folder`, which exists."""
    texts: dict[str, Content] = {"net.prototxt": NET, "solver.prototxt": SOLVER, "train.h5": hdf5(),
                                 "train.txt": "train.h5\n"}
    texts.update(mistake.files)
    for file, old, new in mistake.edits:
        text = texts[file]
        assert isinstance(text, str) and text.count(old) == 1, f"{mistake.key}: {file} does not hold {old!r} once"
        texts[file] = text.replace(old, new)
    for file, content in texts.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


def hdf5(labels=None) -> bytes:
    """HDF5 data of ROWS images: with `labels`, good ones, or, where they are False, none."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file["data"] = np.random.RandomState(0).uniform(0, 1, (ROWS, 1, SIDE, SIDE)).astype(np.float32)
        if labels is not False:
            file["label"] = np.array(np.arange(ROWS) % CLASSES if labels is None else labels, np.float32)
    return buffer.getvalue()


def weights(**shapes) -> bytes:
    """A .caffemodel with layers of these shapes of parameters."""
    net = schema.NetParameter(name="other")
    for name, parameters in shapes.items():
        layer = net.layer.add(name=name, type="InnerProduct")
        for shape in parameters:
            blob = layer.blobs.add()
            blob.shape.dim.extend(shape)
            blob.data.extend(np.full(int(np.prod(shape)), 0.1))
    return net.SerializeToString()


def state_of_adam() -> bytes:
    """A .solverstate of Adam for the net of BASE: two histories a parameter."""
    state = schema.SolverState(iter=3, learned_net="digits_iter_3.caffemodel")
    for shape in ((4, 1, 3, 3), (4,), (3, 144), (3,)) * 2:
        blob = state.history.add()
        blob.shape.dim.extend(shape)
        blob.data.extend(np.zeros(int(np.prod(shape))))
    return state.SerializeToString()


def mean(channels: int, side: int) -> bytes:
    """A mean_file of zeros."""
    return schema.BlobProto(num=1, channels=channels, height=side, width=side,
                               data=np.zeros(channels * side**2)).SerializeToString()


def picture() -> bytes:
    """A grey image of 8 x 8 in PNG."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((SIDE, SIDE, 3), 100, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def data_layer(text: str) -> tuple[str, str, str]:
    """The edit that puts another data layer in the place of BASE's."""
    return ("net.prototxt", DATA, f'layer {{\n  name: "data"  {text}\n}}\n')
