"""`cae-caffe upgrade IN OUT`: a net, its weights or a solver of an older Caffe in today's form, as by Caffe's tools."""

from __future__ import annotations

import argparse

from ..schema import rewrite


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the words of `cae-caffe upgrade`."""
    parser.add_argument("old", metavar="IN", help="a net's or a solver's prototxt, or a .caffemodel")
    parser.add_argument("new", metavar="OUT", help="where to write it in the form of Caffe 1.0")


def run(arguments: argparse.Namespace) -> int:
    """Write the upgraded file; returns 0."""
    rewrite(arguments.old, arguments.new)
    return 0
