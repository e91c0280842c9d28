"""Many damaged files for the readers of `fuzzing`, in processes of their own, and a table of how the readings ended.

`scripts/fuzz` runs it. An input is known by its number: the same number is the same input as long as the seeds stay.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import mmap
import os
import re
import resource
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import fuzzing

PATIENCE = 10           # seconds of computing for one input, after which it counts as stuck
WAITING = 12            # and times as many by the clock, for other processes compute too; that ends C code, too
MEMORY = 2 << 30        # bytes that a reading may take beside what the process has before
KINDS = ("success", "refused", "unfit", "foreign", "stuck", "crash")
# How often each kind, the number tried now, the slowest and its number, and KB of memory at the beginning.
_COUNTS = struct.Struct(f"={len(KINDS)}QQdQQ")


_LINE_OF_PACKAGE = re.compile(r'/cae_caffe/(\S+\.py)", line (\d+) in ')


class _StuckError(BaseException):
    """Raised after too much computing; no reader catches it."""


@dataclass
class Tally:
    """How the inputs of one reader ended; `faults` has an input's number for each kind of fault."""

    name: str
    kinds: Counter = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, 0)       # seconds, and the number of the input
    memory: int = 0             # KB at the most, beside what the process had before
    faults: dict[str, int] = field(default_factory=dict)


def campaign(one: fuzzing.Reader, inputs: range, kept: Path) -> Tally:
    """Try the inputs of these numbers. Those that end badly are written to `kept`, one of each fault."""
    tally, seeds = Tally(one.name), one.seeds()
    at = inputs.start
    while at < inputs.stop:
        with (mmap.mmap(-1, _COUNTS.size) as shared, tempfile.TemporaryFile("w+", encoding="utf-8") as trace,
              tempfile.TemporaryDirectory(dir=_memory_folder()) as folder):
            said, saying = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(said)
                faulthandler.register(signal.SIGALRM, trace, all_threads=False, chain=True)     # and it still kills
                _work(one, seeds, range(at, inputs.stop), shared, Path(folder), saying)
            os.close(saying)
            with os.fdopen(said, encoding="utf-8") as lines:
                for line in lines:
                    number, why = line.rstrip("\n").split(" ", 1)
                    _keep(tally, one, seeds, int(number), why, kept)
            _, status, usage = os.wait4(child, 0)
            *counts, now, seconds, number, before = _COUNTS.unpack(shared)
            tally.kinds.update(dict(zip(KINDS, counts)))
            tally.slowest = max(tally.slowest, (seconds, number))
            tally.memory = max(tally.memory, usage.ru_maxrss - before)
            at = inputs.stop if status == 0 else now + 1
            if status:
                trace.seek(0)
                kind, why = _end_of_process(status, trace.read())
                tally.kinds[kind] += 1
                _keep(tally, one, seeds, now, why, kept)
    return tally


def _end_of_process(status: int, trace: str) -> tuple[str, str]:
    """The kind of end, and why: `stuck` where the clock killed the process, `crash` otherwise."""
    if os.waitstatus_to_exitcode(status) != -signal.SIGALRM:
        return "crash", f"the process ended with status {status}"
    place = _LINE_OF_PACKAGE.search(trace)      # the newest call stands first
    return "stuck", f"stuck: for {PATIENCE * WAITING} s in all, at {':'.join(place.groups()) if place else trace!r}"


def _work(one: fuzzing.Reader, seeds, inputs: range, shared: mmap.mmap, folder: Path, saying: int) -> None:
    """Try inputs in this forked process, and end it."""
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + MEMORY,) * 2)
        with contextlib.suppress(OSError):
            for stream in (1, 2):       # libtiff talks
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        signal.signal(signal.SIGPROF, _ring)
        counts, slowest, before = [0] * len(KINDS), (0.0, 0), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in inputs:
            _COUNTS.pack_into(shared, 0, *counts, number, *slowest, before)
            begin = time.process_time()
            end = _timed(one, fuzzing.mutated(one, seeds, number), folder)
            slowest = max(slowest, (time.process_time() - begin, number))
            counts[KINDS.index(end.kind)] += 1
            if end.kind not in fuzzing.GOOD:
                os.write(saying, f"{number} {end.kind}: {end.why}\n".encode())
        _COUNTS.pack_into(shared, 0, *counts, inputs.stop, *slowest, before)
    except BaseException as error:
        os.write(saying, f"{number} the campaign itself: {error!r} at {fuzzing.place(error)}\n".encode())
        os._exit(70)
    os._exit(0)


def _timed(one: fuzzing.Reader, content: bytes, folder: Path) -> fuzzing.Outcome:
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * WAITING)
    try:
        return fuzzing.outcome(one, content, folder)
    except _StuckError as error:
        return fuzzing.Outcome("stuck", f"for {PATIENCE} s of computing, at {fuzzing.place(error)}")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _ring(*_) -> None:
    raise _StuckError


def _keep(tally: Tally, one: fuzzing.Reader, seeds, number: int, why: str, kept: Path) -> None:
    if why not in tally.faults:
        tally.faults[why] = number
        kept.mkdir(parents=True, exist_ok=True)
        (kept / f"{one.name.replace(' ', '-')}-{number}").write_bytes(fuzzing.mutated(one, seeds, number))


def _memory_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def table(tallies: list[Tally]) -> str:
    """A Markdown table, and the faults behind it."""
    rows = ["| reader | inputs | success | InputError | foreign | unfit words | stuck | crash | slowest | memory |",
            "|---|---|---|---|---|---|---|---|---|---|"]
    whole = Tally("all", sum((tally.kinds for tally in tallies), Counter()), max(tally.slowest for tally in tallies),
                  max(tally.memory for tally in tallies))
    for tally in (*tallies, whole):
        shown = [sum(tally.kinds.values()), *(tally.kinds[kind] for kind in (
            "success", "refused", "foreign", "unfit", "stuck", "crash"))]
        seconds, number = tally.slowest
        rows.append(f"| {tally.name} | {' | '.join(map(str, shown))} | {seconds:.2f} s (input {number}) | "
                    f"{tally.memory >> 10} MB |")
    faults = [f"{tally.name}, input {number}: {why}" for tally in tallies for why, number in tally.faults.items()]
    return "\n".join([*rows, *([""] if faults else []), *faults])


def main() -> int:
    """Entry point; the exit status is 1 if any input ended badly."""
    known = fuzzing.readers()
    parser = argparse.ArgumentParser(prog="fuzz", description="Try damaged files on all readers.")
    parser.add_argument("--inputs", type=int, default=10000, help="of each reader (10000)")
    parser.add_argument("--first", type=int, default=0, help="number of the first input (0), for others")
    parser.add_argument("--reader", action="append", choices=known, help="only this one; may be given several times")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="readers at a time (one a core)")
    parser.add_argument("--kept", type=Path, default=Path("fuzz-found"), help="folder for inputs that end badly")
    arguments = parser.parse_args()
    os.environ["GLOG_minloglevel"] = "3"        # noqa: SIM112 - glog spells it so
    inputs = range(arguments.first, arguments.first + arguments.inputs)
    chosen = [known[name] for name in arguments.reader or known]
    for one in chosen:
        one.seeds()     # what some of them make once and share, made in one thread
    with ThreadPoolExecutor(arguments.jobs) as workers:
        running = [workers.submit(campaign, one, inputs, arguments.kept) for one in chosen]
        tallies = [done.result() for done in running]
    print(table(tallies))
    return int(any(tally.faults for tally in tallies))


if __name__ == "__main__":
    sys.exit(main())
