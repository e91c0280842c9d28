"""`cae-caffe test`: scores a model, with Caffe's own flags, one dash or two."""

from __future__ import annotations

import argparse

from ..running import score
from .arguments import add_engine_arguments, add_flag, add_state_flags, int32
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe test`."""
    add_flag(parser, "model", required=True, metavar="FILE", help="the net's prototxt, run in phase TEST")
    add_flag(parser, "weights", required=True, metavar="FILE", help="the trained weights, a .caffemodel")
    add_flag(parser, "iterations", type=int32, default=50, metavar="N", help="batches to run (default 50)")
    add_state_flags(parser)
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Score the model; returns 0."""
    score.test(chosen_backend(arguments), arguments.model, arguments.weights, arguments.iterations, arguments.gpu,
               arguments.level, arguments.stage)
    return 0
