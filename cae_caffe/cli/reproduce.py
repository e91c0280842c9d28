"""`cae-caffe reproduce`: the paper's tables, figures and open questions, its numbers beside ours."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .. import files
from ..backend import automatic_name
from ..interruption import unwinding
from ..reproduction import report
from ..reproduction.archive import keep, restore
from ..reproduction.pages import SUMMARY
from ..reproduction.questions import QUESTIONS
from ..reproduction.reproduce import reproduce
from ..reproduction.request import TABLE_NUMBERS, Request
from ..reproduction.runs.plan import FIGURE_NUMBERS, Plan
from .arguments import add_backend_argument
from .programs import CAE_CAFFE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the flags of `cae-caffe reproduce`."""
    parser.add_argument("--table", type=int, action="append", default=[], choices=TABLE_NUMBERS, metavar="N",
                        help="a table of the paper, 1 to 5; may be given several times")
    parser.add_argument("--figure", type=int, action="append", default=[], choices=FIGURE_NUMBERS, metavar="N",
                        help="a figure of the paper, 1 to 7; may be given several times")
    parser.add_argument("--question", action="append", default=[], choices=[*QUESTIONS, "all"], metavar="KEY",
                        help=f"an open question; may be given several times: {', '.join(QUESTIONS)}, or all")
    parser.add_argument("--model", action="append", default=[], metavar="MODEL",
                        help="make no runs of other models; may be given several times, or as a pattern, 'cae2-*'")
    parser.add_argument("--runs", type=int, metavar="N",
                        help="runs a model, seeds 1 to N (default: tables 3, questions 5; --quick 1)")
    parser.add_argument("--jobs", type=int, default=1, metavar="J", help="runs at once, one thread each (default 1)")
    parser.add_argument("--quick", action="store_true", help="a short version of it all, in OUT/quick")
    parser.add_argument("--out", default="results", metavar="FOLDER", help="where everything goes (results)")
    parser.add_argument("--keep", metavar="FOLDER",
                        help="keep OUT there at the end, small: tables, figures and report as files, records in one "
                             "archive; no weights")
    parser.add_argument("--restore", metavar="FOLDER",
                        help="first put what --keep wrote to FOLDER (such as docs/results) into OUT, whose own files "
                             "stay, so that those runs are not made again")
    parser.add_argument("--summary", metavar="FILE", help="write OUT/summary.md, which claims hold, to FILE too")
    add_backend_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Reproduce what is asked for, and print the pages and all files made."""
    questions = list(QUESTIONS) if "all" in arguments.question else arguments.question
    request = Request(arguments.table, arguments.figure, questions, arguments.model, arguments.runs,
                      arguments.jobs)
    backend = automatic_name() if arguments.backend == "auto" else arguments.backend
    print(f"Runs are trained by --backend {backend}; those of real Caffe stand beside the others.", file=sys.stderr)
    plan = Plan(Path(arguments.out), arguments.quick, backend)
    with unwinding():       # the runs under way end with it
        if arguments.restore:
            _restore(Path(arguments.restore), plan.folder)
        made = reproduce(request, plan, CAE_CAFFE, refresh=_write_report)
    for path in made:
        if path.suffix == ".md" and (path.name != SUMMARY or request.everything):
            print(path.read_text(encoding="utf-8"))
    print("\n".join(f"Made {path}" for path in made))
    if arguments.summary:
        files.write_text(arguments.summary, (plan.folder / SUMMARY).read_text(encoding="utf-8"))
    if arguments.keep:
        print(f"Kept {keep(plan.folder, Path(arguments.keep)) / 2**20:.1f} MB in {arguments.keep}")
    return 0


def _restore(kept: Path, results: Path) -> None:
    done = restore(kept, results)
    stayed = f"; {len(done.stayed)} files and runs that {results} had already stay as they are" if done.stayed else ""
    count = "1 file" if done.files == 1 else f"{done.files} files"
    print(f"Restored from {kept} to {results}: {count}, {done.bytes / 2**20:.1f} MB{stayed}.", file=sys.stderr)


def _write_report(results: Path) -> None:
    """The report as far as results go; whatever is wrong with it must not end hours of training."""
    try:
        report.write(results)
    except Exception as error:
        print(f"The report was not written: {error!r}", file=sys.stderr)
