"""`cae-caffe diagnose NET WEIGHTS`: saturated layers, dead units, NaN."""

from __future__ import annotations

import argparse

from ..analysis.diagnosis import diagnosis_text
from ..running.diagnose import diagnose
from .arguments import add_backend_argument
from .engine import chosen_quiet_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe diagnose`."""
    parser.add_argument("net", metavar="NET", help="a deploy net, such as prototxt/cae1-n2/deploy.prototxt")
    parser.add_argument("weights", metavar="WEIGHTS",
                        help="its .caffemodel or .caffemodel.h5, also one that a failed training left")
    parser.add_argument("--data", metavar="LIST", default="data/mnist_test.txt",
                        help="list of HDF5 files with the images (default: data/mnist_test.txt)")
    parser.add_argument("--images", metavar="N", type=int, default=100,
                        help="look at the first N images of the list (default: 100)")
    add_backend_argument(parser)
    parser.epilog = ("Values count as saturated where a sigmoid puts out less than 0.01 or more than 0.99, or would, "
                     "for the layer before it. Exit status 1 if anything is NaN or infinite or a layer is saturated "
                     "wholly (99.9%%).")


def run(arguments: argparse.Namespace) -> int:
    """Print the layers; returns 0 if the net is healthy, 1 if not."""
    backend = chosen_quiet_engine(arguments, only_looks=True)
    found = diagnose(backend, arguments.net, arguments.weights, arguments.data, arguments.images)
    print(diagnosis_text(found), end="")
    return 0 if found.healthy else 1
