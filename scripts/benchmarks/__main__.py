"""The command behind `scripts/benchmark`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Callable

from cae_caffe import files
from cae_caffe.cli.main import call
from cae_caffe.errors import InputError, RunError
from cae_caffe.version import VERSION

from . import contests, machine
from .commands import time_commands
from .nets import NETS
from .report import report
from .targets import judge
from .turns import Pace
from .workspace import Workspace, workspace

PROGRAM = "benchmark"
DEFAULT, QUICK = Pace(rounds=5, seconds=1.5), Pace(rounds=2, seconds=0.3)
ENCODE, COMMANDS = "encode", "commands"
PARTS = [*NETS, ENCODE, COMMANDS]
IDLE_SECONDS = 2.0      # for which the machine is watched before anything starts


def main() -> int:
    """Entry point; returns the exit status: 0 done, 1 a part failed, 2 wrong use, 130 interrupted."""
    parser = argparse.ArgumentParser(prog=PROGRAM, allow_abbrev=False, description=(
        "Real Caffe, plain PyTorch and this engine in turn: rates, ratios and memory beside their targets."))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="NAME",
                        help="measure these parts only: " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=int, metavar="N", help=f"rounds of turns (default: {DEFAULT.rounds})")
    parser.add_argument("--seconds", type=float, metavar="S", help=f"of a turn (default: {DEFAULT.seconds:g})")
    parser.add_argument("--quick", action="store_true",
                        help=f"{QUICK.rounds} rounds of {QUICK.seconds:g} s: a look, not a measurement")
    parser.add_argument("--out", default="results/benchmark.json", metavar="FILE",
                        help="where the results go as JSON (default: results/benchmark.json)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))     # so that the sides' processes are ended
    return call(run, parser.parse_args(), PROGRAM)


def run(arguments: argparse.Namespace) -> int:
    """Measure the parts asked for, and print and write what was found; returns the exit status.

    Raises InputError for a pace that measures nothing.
    """
    pace = _pace(arguments)
    results = _blank(pace)
    try:
        with workspace() as place:
            for part in arguments.only:
                _measure(part, place, pace, results)
    except KeyboardInterrupt:
        print(_finished(results))
        raise
    print(_finished(results))
    files.write_text(arguments.out, json.dumps(results, indent=1) + "\n")
    print(f"{PROGRAM}: wrote {arguments.out}", file=sys.stderr)
    return 1 if results["failures"] else 0


def _pace(arguments: argparse.Namespace) -> Pace:
    base = QUICK if arguments.quick else DEFAULT
    pace = Pace(base.rounds if arguments.rounds is None else arguments.rounds,
                base.seconds if arguments.seconds is None else arguments.seconds)
    if pace.rounds < 1 or not pace.seconds > 0:
        raise InputError(f"--rounds is {pace.rounds} and --seconds {pace.seconds:g}; there must be at least one round, "
                         "of turns of more than 0 seconds.")
    return pace


def _blank(pace: Pace) -> dict:
    """The results before anything is measured; watches the machine for a moment."""
    return {
        "version": VERSION, "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "settings": {"rounds": pace.rounds, "seconds": pace.seconds},
        "machine": machine.describe(), "load": {"before": machine.load()},
        "others": {"idle": machine.busy_cores(IDLE_SECONDS), "stolen_seconds": -machine.stolen_seconds()},
        "training": {}, "encoding": {}, "commands": {}, "failures": {},
    }


def _measure(part: str, place: Workspace, pace: Pace, results: dict) -> None:
    """Add the part to `results`; one that fails is noted there, and the others go on."""
    try:
        with _progress(part) as say:
            if part == COMMANDS:
                results["commands"] = time_commands(place, pace.rounds, say)
            elif part == ENCODE:
                results["encoding"] = contests.encode(place, pace, say)
            else:
                results["training"][part] = contests.train(NETS[part], place, pace, say)
    except RunError as error:
        results["failures"][part] = str(error)


def _finished(results: dict) -> str:
    """Add what is known only at the end, and return the report."""
    turns = [share for record in [*results["training"].values(), results["encoding"]]
             for entry in record.get("sides", ()) for share in entry["others"]]
    results["others"].update(mean=sum(turns) / max(1, len(turns)), most=max(turns, default=0.0))
    results["others"]["stolen_seconds"] += machine.stolen_seconds()
    results["load"]["after"] = machine.load()
    results["targets"] = judge(results)
    return report(results)


@contextmanager
def _progress(part: str) -> Iterator[Callable[[str], None]]:
    """A function that says on standard error how far the part is: on one line of a terminal, else on lines."""
    live = sys.stderr.isatty()
    start = time.monotonic()

    def say(words: str) -> None:
        line = f"{part}: {words} ({time.monotonic() - start:.0f} s)"
        print(f"\r{line:60}" if live else line, end="" if live else "\n", file=sys.stderr, flush=True)

    yield say
    say("done")
    if live:
        print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
