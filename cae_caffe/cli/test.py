"""`cae-caffe test`: scores a model, with Caffe's own flags, one dash or two."""

from __future__ import annotations

import argparse

from ..running import score
from .arguments import add_backend_argument, add_flag, add_threads_argument, apply_threads
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flag(parser, "model", required=True, metavar="FILE", help="the net's prototxt, run in phase TEST")
    add_flag(parser, "weights", required=True, metavar="FILE", help="the trained weights, a .caffemodel")
    add_flag(parser, "iterations", type=int, default=50, metavar="N", help="batches to run (default 50)")
    add_flag(parser, "gpu", default="", metavar="N", help="run on this GPU")
    add_flag(parser, "level", type=int, default=0, help="level of the net's state (default 0)")
    add_flag(parser, "stage", default="", metavar="NAME[,NAME...]", help="stages of the net's state")
    add_threads_argument(parser)
    add_backend_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    apply_threads(arguments)
    score.test(chosen_backend(arguments), arguments.model, arguments.weights, arguments.iterations, arguments.gpu,
               arguments.level, arguments.stage)
    return 0
