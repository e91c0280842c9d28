"""The far end of a side: builds its task, says so, and then does as many steps as it is told, one request at a time.

Run as a module with the task as JSON in its one argument: `task` names it, the rest are its arguments. Requests and
answers are lines of JSON on standard input and output. It ends with its input, and with its parent. Runs on Python 3.9
too, where real Caffe is.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback

TASKS = {"train": ("training", "Training"), "encode": ("encoding", "Encoding"), "eager": ("eager", "Eager")}
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """The process: does what it is asked for until its input ends; an error is its last answer."""
    _end_with_parent()
    answers = _private_output()
    arguments = json.loads(sys.argv[1])
    module, name = TASKS[arguments.pop("task")]
    try:
        task = getattr(importlib.import_module(f"benchmarks.{module}"), name)(**arguments)
        _send(answers, {"about": {**_about(), **task.about()}})
        for line in sys.stdin:
            _send(answers, _answer(task, json.loads(line)))
    except Exception:
        _send(answers, {"error": traceback.format_exc()})


def _answer(task, request: dict) -> dict:
    """Time the request's `times` steps, in wall clock and in this process's processor time, in seconds."""
    work = getattr(task, request["work"])
    start, processor = time.perf_counter(), time.process_time()
    work(request["times"])
    return {"seconds": time.perf_counter() - start, "processor": time.process_time() - processor,
            "peak_bytes": peak_bytes()}


def peak_bytes() -> int:
    """The most memory that this process has held at once, the pages of mapped files included."""
    with open("/proc/self/status", encoding="ascii") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return 1024 * int(line.split()[1])


def _about() -> dict[str, str]:
    return {"python": sys.version.split()[0], "wait_policy": os.environ.get("OMP_WAIT_POLICY", "default")}


def _send(answers, message: dict) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _private_output():
    """Standard output for the answers alone: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _end_with_parent() -> None:
    """Be killed when the parent ends, however it does: a stopped process would not notice that its input ended."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
