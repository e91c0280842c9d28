"""`cae-caffe upgrade IN OUT`: a net, its weights or a solver of an older Caffe in today's form, as by Caffe's tools."""

from __future__ import annotations

import argparse
import re

from .. import schema
from ..schema.storage import read_bytes

# Fields that no net has, where they begin a line: comments of nets tell of them too.
SOLVER = re.compile(rb"^\s*(base_lr|lr_policy|max_iter|net|solver_type|train_net)\s*:", re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the words of `cae-caffe upgrade`."""
    parser.add_argument("old", metavar="IN", help="a net's or a solver's prototxt, or a .caffemodel")
    parser.add_argument("new", metavar="OUT", help="where to write it in the form of Caffe 1.0")


def run(arguments: argparse.Namespace) -> int:
    """Write the upgraded file; returns 0."""
    old, new = arguments.old, arguments.new
    data = read_bytes(old)
    if not _is_text(data):
        schema.write_binary(schema.read_weights(old), new)
    elif SOLVER.search(data):
        solver = schema.read_text(old, schema.SolverParameter)
        schema.upgrade_solver(solver, old)
        schema.write_text(solver, new)
    else:
        schema.write_text(schema.read_net(old), new)
    return 0


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False
