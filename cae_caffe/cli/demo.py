"""`scripts/demo`: the main job in minutes."""

from __future__ import annotations

import argparse
import sys

from ..backend import BACKENDS
from ..reproduction.demo import ITERATIONS, run_demo
from .ending import call
from .programs import CAE_CAFFE, MAKE_PROTOTXT

PROGRAM = "demo"


def main(argv: list[str] | None = None) -> int:
    """Entry point of `scripts/demo`; returns the exit status: 0 done, 1 the run failed, 2 wrong use or bad input."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, allow_abbrev=False,
        description="Train CAE Model 1 with a code of two numbers on MNIST for some minutes, and look inside.")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, metavar="N",
                        help=f"how long to train (default: {ITERATIONS}, as in the paper)")
    parser.add_argument("--backend", choices=list(BACKENDS), default="auto", help="the engine, as for cae-caffe train")
    parser.add_argument("--out", default="results/demo", metavar="FOLDER", help="where it goes (default: results/demo)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return call(_run, parser.parse_args(argv), PROGRAM)


def _run(arguments: argparse.Namespace) -> int:
    run_demo(CAE_CAFFE, MAKE_PROTOTXT, arguments.out, arguments.iterations, arguments.backend)
    return 0


if __name__ == "__main__":
    sys.exit(main())
