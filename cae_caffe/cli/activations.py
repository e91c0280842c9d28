"""`cae-caffe activations NET WEIGHTS --out F.h5`: every blob of a net for chosen images."""

from __future__ import annotations

import argparse

from ..interruption import unwinding
from ..printing import shown
from ..running.activations import dump
from .arguments import add_engine_arguments, add_trained_net
from .engine import chosen_quiet_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe activations`."""
    add_trained_net(parser)
    parser.add_argument("--data", metavar="LIST", default="data/mnist_test.txt",
                        help="list of HDF5 files with the images (default: data/mnist_test.txt)")
    parser.add_argument("--image", metavar="INDEX", type=int, nargs="+",
                        help="images of the list, from 0 (default: the first of each of ten classes)")
    parser.add_argument("--out", metavar="F.h5", required=True,
                        help="a dataset for each blob, and `image` (the indices) and `label`")
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the blobs; returns 0."""
    with unwinding():
        images = dump(chosen_quiet_engine(arguments), arguments.net, arguments.weights, arguments.data, arguments.out,
                      arguments.image)
    print(f"{shown(arguments.out)}: every blob for the images {', '.join(map(str, images))}")
    return 0
