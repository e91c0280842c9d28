"""`cae-caffe summary NET`: shapes, parameters and sizes, layer by layer, and the paper's principles."""

from __future__ import annotations

import argparse
import sys

from ..analysis.image_needs import known_needs
from ..analysis.nets import PHASES, open_graph
from ..analysis.stability import final
from ..analysis.summary import summary
from .arguments import add_backend_argument, int32
from .engine import chosen_quiet_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe summary`."""
    parser.add_argument("net", metavar="NET", help="a prototxt, such as prototxt/cae1-n2/train_test.prototxt")
    parser.add_argument("--phase", choices=sorted(PHASES, reverse=True), default="train",
                        help="build the net for this phase (default: train)")
    parser.add_argument("--stage", metavar="S", action="append", default=[],
                        help="with this stage, such as test-on-test; may be given more than once")
    parser.add_argument("--level", metavar="N", type=int32, default=0, help="at this level (default: 0)")
    parser.add_argument("--images", metavar="N", type=int, help="number of training images (default: from the data)")
    parser.add_argument("--data", metavar="LIST", help="list of HDF5 files with the training images (default: the "
                        "one that NET trains on, if it is there)")
    parser.add_argument("--runs", metavar="RUN", nargs="+", default=[],
                        help="runs of this net from several seeds, to say whether it is stable: folders that "
                        "`cae-caffe reproduce` made, their result.json, or logs")
    add_backend_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the summary."""
    finals = [final(path) for path in arguments.runs]
    _, graph = open_graph(chosen_quiet_engine(arguments, only_looks=True), arguments.net, phase=arguments.phase,
                          stages=arguments.stage, level=arguments.level)
    sys.stdout.write(summary(graph, known_needs(arguments.net, arguments.data, arguments.images), finals))
    return 0
