"""`cae-caffe time`: measures a net layer by layer, with Caffe's own flags, one dash or two."""

from __future__ import annotations

import argparse

from ..running.layer_times import PHASES, time_layers
from .arguments import (
    add_backend_argument,
    add_flag,
    add_flags_without_effect,
    add_state_flags,
    add_threads_argument,
    apply_threads,
)
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe time`."""
    add_flag(parser, "model", required=True, metavar="FILE", help="the net's prototxt")
    add_flag(parser, "iterations", type=int, default=50, metavar="N", help="passes to measure (default 50)")
    add_flag(parser, "phase", choices=PHASES, default="TRAIN", help="phase of the net's state (default TRAIN)")
    add_state_flags(parser)
    add_flags_without_effect(parser, "solver", "weights", "snapshot", "sigint_effect", "sighup_effect")
    add_threads_argument(parser)
    add_backend_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure the net; returns 0."""
    apply_threads(arguments)
    time_layers(chosen_backend(arguments), arguments.model, arguments.iterations, arguments.phase, arguments.gpu,
                arguments.level, arguments.stage)
    return 0
