"""`cae-caffe time`: measures a net layer by layer, with Caffe's own flags, one dash or two."""

from __future__ import annotations

import argparse

from ..running.layer_times import PHASES, time_layers
from .arguments import add_engine_arguments, add_flag, add_state_flags, int32
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe time`."""
    add_flag(parser, "model", required=True, metavar="FILE", help="the net's prototxt")
    add_flag(parser, "iterations", type=int32, default=50, metavar="N", help="passes to measure (default 50)")
    add_flag(parser, "phase", choices=PHASES, default="TRAIN", help="phase of the net's state (default TRAIN)")
    add_state_flags(parser)
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure the net; returns 0."""
    time_layers(chosen_backend(arguments), arguments.model, arguments.iterations, arguments.phase, arguments.gpu,
                arguments.level, arguments.stage)
    return 0
