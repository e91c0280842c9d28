"""`cae-caffe time`: measures a net layer by layer, with Caffe's own flags, one dash or two."""

from __future__ import annotations

import argparse

from ..running.layer_times import PHASES, time_layers
from .arguments import add_backend_argument, add_flag, add_threads_argument, apply_threads
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_flag(parser, "model", required=True, metavar="FILE", help="the net's prototxt")
    add_flag(parser, "iterations", type=int, default=50, metavar="N", help="passes to measure (default 50)")
    add_flag(parser, "phase", choices=PHASES, default="TRAIN", help="phase of the net's state (default TRAIN)")
    add_flag(parser, "gpu", default="", metavar="N", help="run on this GPU")
    add_flag(parser, "level", type=int, default=0, help="level of the net's state (default 0)")
    add_flag(parser, "stage", default="", metavar="NAME[,NAME...]", help="stages of the net's state")
    add_threads_argument(parser)
    add_backend_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    apply_threads(arguments)
    time_layers(chosen_backend(arguments), arguments.model, arguments.iterations, arguments.phase, arguments.gpu,
                arguments.level, arguments.stage)
    return 0
