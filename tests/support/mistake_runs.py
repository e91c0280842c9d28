"""Running the typical mistakes on either engine: the exit status, and the lines that are the answer.

`python mistake_runs.py` runs all of them on the embedded engine, and prints {key: [status, answer]} as JSON.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import caffe_process
import forked
import mistake_files
import mistakes_in_nets
import mistakes_in_runs
from mistake_files import Mistake

ROOT = Path(__file__).resolve().parents[2]
MISTAKES = (*mistakes_in_nets.MISTAKES, *mistakes_in_runs.MISTAKES)
HOME = "/home/you/digits"       # on the page, the folder of the files
Answers = dict[str, tuple[int, str]]
_GLOG = re.compile(r"([IWEF])\d{4} [\d:.]+ +\d+ (.*)")
_SPOKEN = re.compile(r"cae-caffe |\[libprotobuf|\w+Error: |ERROR: ")         # what begins an answer without glog's head
_NOISE = re.compile(r"Engine: | +|\*\*\* |PC: |WARNING: Logging before|HDF5-DIAG|, name = |terminate called")
_CHANGING = ((r"\S+ \S+ are free on this machine", "... are free on this machine"),
             (r"\(known types: .*?\)", "(known types: ...)"),
             (r"= -nan", "= nan"),
             (r"(in call to 'print'\.) Did you mean .*", r"\1 ..."),       # each Python says it in its way
             (r"\(\S+ iter/s, \S+s/1 iters\)", "(...)"))


def ours() -> Answers:
    """The answers of this package's commands, from one process that imports it once."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("CAE_CAFFE", "GLOG"))}
    variables.update(OMP_NUM_THREADS="1", PYTHONPATH=os.pathsep.join([str(ROOT), str(Path(__file__).parent)]))
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, check=True, env=variables)
    return {key: (status, answer) for key, (status, answer) in json.loads(done.stdout).items()}


def caffe(command: list[str], chosen: tuple[Mistake, ...] = MISTAKES) -> Answers:
    """The answers of real Caffe, which `command` before a command runs."""
    return {mistake.key: _caffe(mistake, command) for mistake in chosen}


def _caffe(mistake: Mistake, command: list[str]) -> tuple[int, str]:
    words = ["python3" if mistake.script else "caffe", *mistake.command]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        mistake_files.write(mistake, folder)
        variables = caffe_process.environment(folder, {"GLOG_logtostderr": "1"})
        done = subprocess.run([*command, *words], cwd=str(folder / mistake.folder), env=variables, capture_output=True,
                              stdin=subprocess.DEVNULL, check=False, timeout=caffe_process.TIMEOUT,
                              preexec_fn=lambda: _limit(mistake))
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
    return done.returncode if done.returncode >= 0 else 128 - done.returncode, _answer(said, folder, mistake)


def _limit(mistake: Mistake) -> None:
    if mistake.memory:
        resource.setrlimit(resource.RLIMIT_AS, (mistake.memory, mistake.memory))


def _ours(mistake: Mistake) -> tuple[int, str]:
    """The answer of a process forked of this one, which has imported the package."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        mistake_files.write(mistake, folder)
        log = folder / ".said"
        status = forked.status_of(forked.forked(lambda: _command(mistake), folder / mistake.folder, log))
        said = log.read_text("utf-8", "replace")
    return status, _answer(said, folder, mistake)


def _command(mistake: Mistake) -> int:
    from cae_caffe.cli.main import main

    _limit(mistake)
    words = ["run", *mistake.command] if mistake.script else [*mistake.command]
    return main([*words[:1], "--backend", "torch", *words[1:]])


def _answer(said: str, folder: Path, mistake: Mistake) -> str:
    """The lines of a log that tell of a mistake: no others, no times, no process numbers, no folder of this machine."""
    lines, of_information = [], False
    for line in said.replace(str(folder), HOME).splitlines():
        glog = _GLOG.match(line)
        if glog is None:        # the net that a line of information tells of goes on for lines
            of_information = of_information and not _SPOKEN.match(line)
            noise = of_information or _NOISE.match(line)
        else:
            of_information = noise = glog.group(1) == "I"
        if not noise or (mistake.keep and re.search(mistake.keep, line)):
            lines.append(" ".join(glog.groups()) if glog else line)
    text = "\n".join(lines)
    for pattern, instead in _CHANGING:
        text = re.sub(pattern, instead, text)
    return text.strip()


if __name__ == "__main__":
    import cae_caffe.pycaffe
    import cae_caffe.running.train  # noqa: F401 - imported here, so that no forked process waits for it

    json.dump({mistake.key: _ours(mistake) for mistake in MISTAKES}, sys.stdout)
