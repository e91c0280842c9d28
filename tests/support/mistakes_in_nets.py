"""Typical mistakes in net prototxts."""

from __future__ import annotations

import mistake_files as files
import numpy as np
from mistake_files import Mistake

OF_A_FORK = """\
layer {
  name: "crf"  type: "DenseCRF"  bottom: "conv1"  bottom: "data"  top: "crf"
  dense_crf_param { max_iter: 10 }
}
layer {
  name: "filter"  type: "DomainTransform"  bottom: "conv1"  top: "filtered"
  domain_transform_param { num_iter: 3 }
}
"""

MISTAKES = (
    Mistake(
        "misspelt-field",
        "A misspelt field",
        "`num_output` of a layer is written `num_ouput`.",
        "better: names the file and the right field",
        ("net.prototxt:13", "num_ouput", "num_output"),
        edits=(("net.prototxt", "num_output: 3", "num_ouput: 3"),),
    ),
    Mistake(
        "fork",
        "A net of a fork, with fields and types that Caffe lacks",
        "A net for DeepLab's Caffe, with layers that only it and PSPNet's have, is given to Caffe.",
        "better: tells all of them at once, and whose they are",
        ("net.prototxt", "DenseCRF", "dense_crf_param", "DomainTransform", "domain_transform_param", "deeplab-v2"),
        edits=(("net.prototxt", files.RELU1, OF_A_FORK + files.RELU1),),
    ),
    Mistake(
        "v1-name",
        "A layer type in the capitals of 2014",
        '`type: "RELU"` stands in a `layer`.',
        "better: names the layer, its line and the right type",
        ("relu1", "net.prototxt:10", "RELU", "ReLU"),
        edits=(("net.prototxt", '"ReLU"', '"RELU"'),),
    ),
    Mistake(
        "v1-enum",
        "A layer type without quotes",
        "`type: RELU`, as `layers` of 2014 had it, stands in a `layer`.",
        "equal: both say where and what",
        ("net.prototxt:10", "type", "RELU"),
        edits=(("net.prototxt", '"ReLU"', "RELU"),),
    ),
    Mistake(
        "no-type",
        "A layer without a type",
        "The line `type` was lost.",
        "better: names the layer and its line",
        ("relu1", "net.prototxt:10", "type"),
        edits=(("net.prototxt", '  type: "ReLU"', ""),),
    ),
    Mistake(
        "brace",
        "A brace too few",
        "The last `}` of a layer is missing.",
        "better: asks for the brace, and names the block that stays open",
        ("net.prototxt",),
        edits=(("net.prototxt", "  batch_size: 4 }\n}", "  batch_size: 4 }"),),
    ),
    Mistake(
        "bottom",
        "A bottom that no layer makes",
        "`bottom` of a layer is written `convl`, for `conv1`.",
        "better: names the file and what may be meant",
        ("ip1", "net.prototxt", "convl", "conv1"),
        edits=(
            (
                "net.prototxt",
                'name: "ip1"  type: "InnerProduct"  bottom: "conv1"',
                'name: "ip1"  type: "InnerProduct"  bottom: "convl"',
            ),
        ),
    ),
    Mistake(
        "top",
        "A copied layer that kept its top",
        "A copy of `ip1` was named `ip2`, but its top is still `ip1`.",
        "better: names both layers and the line",
        ("ip2", "ip1", "net.prototxt:15"),
        edits=(("net.prototxt", files.IP1, files.IP1 + files.IP1.replace('name: "ip1"', 'name: "ip2"')),),
    ),
    Mistake(
        "labels",
        "Labels that the net has no output for",
        "The labels are 1, 2 and 3, and `num_output` is 3.",
        "better: Caffe trains on what lies in memory behind the predictions",
        ("loss", "net.prototxt", "3"),
        files=(("train.h5", files.hdf5(np.arange(files.ROWS) % files.CLASSES + 1)),),
        keep=r"Optimization Done",
    ),
    Mistake(
        "label-count",
        "More predictions than labels",
        "`ip1` was made a convolution, whose outputs are maps; there is a label an image.",
        "equal: both say what must agree; here also in which layer",
        ("loss", "net.prototxt", "label"),
        edits=(
            ("net.prototxt", 'type: "InnerProduct"', 'type: "Convolution"'),
            (
                "net.prototxt",
                "inner_product_param { num_output: 3 ",
                "convolution_param { num_output: 3  kernel_size: 3 ",
            ),
        ),
    ),
    Mistake(
        "kernel",
        "A kernel larger than the image",
        "`kernel_size` is 11, the images are 8 × 8.",
        "better: Caffe names neither the layer nor the kernel",
        ("conv1", "net.prototxt:6", "11", "8"),
        edits=(("net.prototxt", "kernel_size: 3", "kernel_size: 11"),),
    ),
    Mistake(
        "eltwise",
        "Shapes that Eltwise cannot add",
        "A shortcut leads past a convolution that makes its maps smaller.",
        "better: names the layer and its line",
        ("sum", "net.prototxt:11", "6 6", "8 8"),
        edits=(
            (
                "net.prototxt",
                files.RELU1,
                files.RELU1 + 'layer { name: "sum"  type: "Eltwise"  bottom: "conv1"  bottom: "data"  top: "sum" }\n',
            ),
        ),
    ),
    Mistake(
        "concat",
        "Shapes that Concat cannot join",
        "Maps of two sizes are joined over their channels.",
        "better: names the layer, its line and both shapes",
        ("both", "net.prototxt:11", "6 6", "8 8"),
        edits=(
            (
                "net.prototxt",
                files.RELU1,
                files.RELU1 + 'layer { name: "both"  type: "Concat"  bottom: "conv1"  bottom: "data"  top: "both" }\n',
            ),
        ),
    ),
    Mistake(
        "euclidean",
        "A restored image of another size",
        "An auto-encoder's last layer has 63 outputs for 64 pixels.",
        "better: names the layer, its line and both shapes",
        ("l2", "net.prototxt:15", "63", "8 8"),
        edits=(
            ("net.prototxt", "num_output: 3 ", "num_output: 63 "),
            (
                "net.prototxt",
                'name: "loss"  type: "SoftmaxWithLoss"  bottom: "ip1"  bottom: "label"',
                'name: "l2"  type: "EuclideanLoss"  bottom: "ip1"  bottom: "data"',
            ),
        ),
    ),
    Mistake(
        "empty",
        "An empty file",
        "The editor left net.prototxt empty.",
        "better: names the file",
        ("net.prototxt",),
        files=(("net.prototxt", ""),),
    ),
    Mistake(
        "utf16",
        "A net in UTF-16",
        "net.prototxt was written by `>` in PowerShell.",
        "better: says what the text is and what to do",
        ("net.prototxt", "UTF-16"),
        files=(("net.prototxt", files.NET.encode("utf-16")),),
    ),
    Mistake(
        "swapped",
        "The net given for the solver",
        "`-solver` names the net.",
        "better: says that it is a net",
        ("net.prototxt",),
        command=("train", "-solver", "net.prototxt"),
    ),
    Mistake(
        "swapped-back",
        "The solver given for the net",
        "`-model` names the solver.",
        "better: says that it is a solver",
        ("solver.prototxt",),
        command=("time", "-model", "solver.prototxt", "-iterations", "1"),
    ),
)
