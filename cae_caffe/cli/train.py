"""`cae-caffe train`: Caffe's own flags, one dash or two."""

from __future__ import annotations

import argparse

from ..printing import shown
from ..running.signals import EFFECTS
from ..running.solver import ON_NAN
from ..running.train import train
from ..running.train_options import DATA_POSITIONS, Options
from ..running.train_together import train_together
from .arguments import add_engine_arguments, add_flag, int32
from .engine import chosen_backend


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe train`."""
    add_flag(parser, "solver", required=True, metavar="FILE", help="the solver's prototxt")
    add_flag(parser, "weights", metavar="FILE[,FILE...]", help="trained weights to start from (fine-tuning)")
    add_flag(parser, "snapshot", metavar="FILE",
             help="a .solverstate to resume from; `auto` takes the newest whole snapshot of the solver's "
                  "snapshot_prefix, or starts the run where there is none")
    parser.add_argument("--keep", type=_count, metavar="N",
                        help="behind each snapshot, remove all but the N newest whole ones (default: none)")
    add_flag(parser, "gpu", metavar="N", help="train on this GPU; the CPU unless told by the solver")
    add_flag(parser, "level", type=int32, help="level of the train net's state (default 0)")
    add_flag(parser, "stage", metavar="NAME[,NAME...]", help="stages of the train net's state")
    add_flag(parser, "sigint_effect", choices=EFFECTS, help="what Ctrl-C does (default stop)")
    add_flag(parser, "sighup_effect", choices=EFFECTS, help="what a hang-up does (default snapshot)")
    add_flag(parser, "sigterm_effect", choices=EFFECTS,
             help="what SIGTERM does, which batch systems, `timeout` and `kill` send (default stop)")
    add_flag(parser, "data-position", dest="data_position", choices=DATA_POSITIONS,
             help="where a resumed run goes on in its data: where the snapshot was made, as the embedded engine "
                  "records beside its own (the default), or at the first row, as Caffe does")
    add_flag(parser, "on-nan", dest="on_nan", choices=ON_NAN,
             help="at the first NaN or infinity in loss, gradients or weights: warn by a line in the log that says "
                  "where it arose (the default), stop with status 1 and without a snapshot, or go on without looking")
    parser.add_argument("--seeds", type=_seeds, metavar="N,N,...",
                        help="train from each of these seeds, all as one batched computation (it pays on a GPU); "
                             "snapshots and logs are named PREFIX-seedN")
    add_engine_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train; returns 0."""
    given = {name: value for name, value in vars(arguments).items()
             if name in Options.__dataclass_fields__ and value is not None}
    if arguments.seeds:
        for log in train_together(chosen_backend(arguments), Options(**given), arguments.seeds):
            print(f"The log of this run is {shown(log)}.")
    else:
        train(chosen_backend(arguments), Options(**given))
    return 0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of snapshots to keep; give 1 or more")
    return int(text)


def _seeds(text: str) -> list[int]:
    try:
        return [int(word) for word in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"`{text}` is no list of seeds such as 1,2,3") from None
