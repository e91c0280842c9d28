"""`cae-caffe inspect FILE`: what a file of weights holds, with no prototxt."""

from __future__ import annotations

import argparse
import sys

from ..analysis.inspection import inspect, inspection_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the words of `cae-caffe inspect`."""
    parser.add_argument("file", metavar="FILE", help="a .caffemodel of any Caffe, 2013's and forks' included, a "
                        ".caffemodel.h5, a mean's .binaryproto, a .solverstate or a .solverstate.h5")
    parser.epilog = ("Ranges, means and standard deviations are those of the finite values. Exit status 1 if anything "
                     "is NaN or infinite.")


def run(arguments: argparse.Namespace) -> int:
    """Print the layers; returns 0 if all values are finite, 1 if not."""
    found = inspect(arguments.file)
    sys.stdout.write(inspection_text(found))
    return 0 if found.is_sound else 1
