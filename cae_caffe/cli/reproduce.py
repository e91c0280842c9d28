"""`cae-caffe reproduce`: trains the paper's models over several seeds and sets the paper's numbers beside ours."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..backend import BACKENDS
from ..experiments.reproduce import TABLES, reproduce


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--table", type=int, action="append", choices=sorted(TABLES), metavar="N",
                        help="a table of the paper, 1 or 4; may be given several times (default: both)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="runs a model, seeds 1 to N (default 3)")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at once, one thread each (default 1)")
    parser.add_argument("--quick", action="store_true", help="short runs, in OUT/quick")
    parser.add_argument("--out", default="results", metavar="FOLDER", help="where the runs and tables go (results)")
    parser.add_argument("--backend", choices=[name for name in BACKENDS if name != "auto"], default="torch",
                        help="the engine (default torch)")


def run(arguments: argparse.Namespace) -> int:
    tables = reproduce(arguments.table or sorted(TABLES), Path(arguments.out), arguments.runs, arguments.jobs,
                       arguments.quick, arguments.backend)
    for path in tables.values():
        print(path.read_text(encoding="utf-8"))
        print(f"This table is {path}.")
    return 0
