"""`cae-caffe encode NET WEIGHTS --data LIST --out codes.h5`: the codes of a whole list of images."""

from __future__ import annotations

import argparse

from ..interruption import unwinding
from ..printing import shown
from ..running.encode import encode
from .arguments import add_engine_arguments, add_trained_net
from .engine import chosen_quiet_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe encode`."""
    add_trained_net(parser)
    parser.add_argument("--data", metavar="LIST", required=True,
                        help="list of HDF5 files with the images, such as data/mnist_test.txt")
    parser.add_argument("--blob", metavar="B",
                        help="blob to write (default: ip2encode or encode4, or else the net's narrowest)")
    parser.add_argument("--out", metavar="CODES.h5", required=True, help="gets the datasets `codes` and `label`")
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the codes; returns 0."""
    with unwinding():
        done = encode(chosen_quiet_engine(arguments), arguments.net, arguments.weights, arguments.data, arguments.out,
                      arguments.blob)
    print(f"{shown(arguments.out)}: blob {shown(done.blob)} of {done.images} images, {done.dimensions} numbers each")
    return 0
