"""`cae-caffe verify SOLVER`: both engines side by side, on this machine."""

from __future__ import annotations

import argparse
import sys

from .. import python_layers
from ..errors import InputError
from ..interruption import unwinding
from ..running.verify import table, verify
from .arguments import add_python_layers_argument, add_threads_argument, apply_threads
from .engine import python_with_caffe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe verify`."""
    parser.add_argument("solver", metavar="SOLVER", help="the solver's prototxt")
    parser.add_argument("--iterations", metavar="N", type=int, default=20, help="how many to compare (default 20)")
    add_threads_argument(parser)
    add_python_layers_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; returns 0 where both engines agree, 1 where not."""
    apply_threads(arguments)
    if arguments.no_python_layers:
        python_layers.refuse()
    caffe = python_with_caffe()
    if caffe is None:
        raise InputError("verify needs real Caffe beside the embedded engine, and no Python here imports it; "
                         "scripts/install-caffe installs it into .caffe/, without root.")
    with unwinding():
        comparison = verify(arguments.solver, arguments.iterations, caffe, lambda text: print(text, file=sys.stderr))
    sys.stdout.write(table(comparison))
    return 0 if comparison.agrees else 1
