"""The log of glog, Caffe's logging library: its lines, the files that it writes, and what its settings ask for.

glog reads its settings from variables GLOG_*, which the flags of Caffe's tool override; here those flags set the
variables. Until `begin`, and with GLOG_logtostderr, all goes to standard error. Then each level has a file in
GLOG_log_dir with its lines and those of worse levels, made at its first line and linked to by a name that stays
(glog's src/logging.cc). Unlike glog this log leaves no files in the system's temporary folder where no folder is named,
unless standard error is not to have the log.
"""

from __future__ import annotations

import os
import pwd
import re
import sys
import threading
import time
from typing import TextIO

from .printing import shown, shown_lines

LEVELS = {"INFO": 0, "WARNING": 1, "ERROR": 2, "FATAL": 3}
TRUE = tuple("tTyY1")           # how a variable that says yes begins; an empty one says it, too

_program: str | None = None
_files: dict[str, TextIO | None] = {}       # by level; None where none can be made


def begin(program: str) -> None:
    """From now on write files, named after `program`, where the settings ask for them; new ones if there are some."""
    global _program
    _program = program
    for file in _files.values():
        if file is not None:
            file.close()
    _files.clear()


def number_set(name: str, default: int) -> int:
    """The setting `name`, such as minloglevel: the number that it begins with, else 0, for C's strtol reads it."""
    value = os.environ.get(f"GLOG_{name}")
    if value is None:
        return default
    number = re.match(r"\s*[+-]?\d+", value)
    return int(number.group()) if number else 0


def switch_set(name: str, default: bool) -> bool:
    """The setting `name`, such as logtostderr, which is on or off."""
    value = os.environ.get(f"GLOG_{name}")
    return default if value is None else value[:1] in ("", *TRUE)


def line(level: str, place: str, message: str, text: str = "") -> str:
    """A line of the log; `place` is Caffe's own file and line, such as `solver.cpp:239`.

    `text` may have several lines, which follow. What a terminal would obey is written out in both.
    """
    message = shown(message) + (f"\n{shown_lines(text)}" if text else "")
    if not switch_set("log_prefix", True):
        return message + "\n"
    now = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.localtime(now))
    return f"{level[0]}{stamp}.{int(now % 1 * 1e6):06d} {threading.get_native_id():5d} {place}] {message}\n"


def on_stderr(level: str) -> bool:
    """Whether standard error has the lines of `level`."""
    return (_program is None or switch_set("logtostderr", False) or switch_set("alsologtostderr", True)
            or LEVELS[level] >= number_set("stderrthreshold", LEVELS["ERROR"]))


def warning(place: str, message: str) -> None:
    """Write `message` at level WARNING where that level's lines go; for what runs without an engine."""
    if LEVELS["WARNING"] < number_set("minloglevel", 0):
        return
    text = line("WARNING", place, message)
    add_to_files("WARNING", text)
    if on_stderr("WARNING"):
        sys.stderr.write(text)


def has_folder() -> bool:
    """Whether a program that has begun its log was told a folder for its files."""
    return _program is not None and bool(_folder())


def _folder() -> str | None:
    return os.environ.get("GLOG_log_dir", os.environ.get("GOOGLE_LOG_DIR"))     # noqa: SIM112 - glog spells it so


def add_to_files(level: str, text: str) -> None:
    """Write the line `text` to the files of `level` and of those below, where files are asked for.

    One that cannot be made or written is told on standard error, once, and the program goes on.
    """
    if _program is None or switch_set("logtostderr", False):
        return
    folder = _folder()
    if not folder:
        if switch_set("alsologtostderr", True):
            return
        folder = os.environ.get("TMPDIR", "/tmp")       # noqa: S108 - glog's own place
    for name, value in LEVELS.items():
        if value <= LEVELS[level]:
            _add(folder, name, text)


def _add(folder: str, level: str, text: str) -> None:
    path = folder
    try:
        if level not in _files:
            _files[level] = None
            path = os.path.join(folder, _file_name(level))
            _files[level] = _made(path, level)
        file = _files[level]
        if file is not None:
            path = file.name
            file.write(text)
            file.flush()
    except OSError as error:
        _files[level] = None
        sys.stderr.write(f"The log file {path} cannot be written ({error.strerror}); the run goes on without it.\n")


def _file_name(level: str) -> str:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    return f"{_program}.{os.uname().nodename}.{_user()}.log.{level}.{stamp}.{os.getpid()}"


def _user() -> str:
    if "USER" in os.environ:
        return os.environ["USER"]
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def _made(path: str, level: str) -> TextIO:
    file = open(path, "w", encoding="utf-8", errors="surrogateescape")      # noqa: SIM115 - open until the end
    file.write(time.strftime("Log file created at: %Y/%m/%d %H:%M:%S\n")
               + f"Running on machine: {os.uname().nodename}\n"
               "Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n")
    link = os.path.join(os.path.dirname(path), f"{_program}.{level}")
    if os.path.islink(link) or os.path.exists(link):
        os.unlink(link)
    os.symlink(os.path.basename(path), link)
    return file
