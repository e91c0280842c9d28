"""The command line of Caffe's own tool as gflags reads it, in words for argparse; and glog's flags, obeyed.

gflags takes flags before the action and after it, with one dash or two, dashes for underscores within; it knows
-flagfile, -fromenv, -tryfromenv and -undefok, and -noNAME for a NAME that is on or off (gflags's src/gflags.cc). What
glog's flags say goes into the variables that `glog` reads, here and in real Caffe.
"""

from __future__ import annotations

import fnmatch
import os

from .. import glog
from ..errors import InputError

ACTIONS = ("device_query", "test", "time", "train")
CAFFE: dict[str, type] = {
    "gpu": str, "iterations": int, "level": int, "model": str, "phase": str, "sighup_effect": str, "sigint_effect": str,
    "snapshot": str, "solver": str, "stage": str, "weights": str,
}
# Of those behind the first line, all but log_prefix change nothing here.
GLOG: dict[str, type] = {
    "alsologtostderr": bool, "log_dir": str, "logtostderr": bool, "minloglevel": int, "stderrthreshold": int, "v": int,
    "alsologtoemail": str, "colorlogtostderr": bool, "drop_log_memory": bool, "log_backtrace_at": str, "log_link": str,
    "log_prefix": bool, "logbuflevel": int, "logbufsecs": int, "logemaillevel": int, "logfile_mode": int,
    "logmailer": str, "max_log_size": int, "stop_logging_if_full_disk": bool, "symbolize_stacktrace": bool,
    "vmodule": str,
}
GFLAGS = ("flagfile", "fromenv", "tryfromenv", "undefok")
HELP = ("help", "helpfull", "helpshort", "helppackage")
SWITCH = {**dict.fromkeys(("1", "t", "true", "y", "yes"), "1"), **dict.fromkeys(("0", "f", "false", "n", "no"), "0")}
PROGRAMS = ("caffe", "cae-caffe")       # that the lines of a flag file may be meant for
MOST_EXPANSIONS = 100                   # of flag files that name each other


def read(argv: list[str]) -> list[str]:
    """The words `argv` with the action first and each of Caffe's flags as `-name=value`, without glog's, which are
    obeyed.

    Words for other commands than Caffe's return as they are. Raises InputError for a value of the wrong kind, a missing
    one, and files and variables of flags that are not there.
    """
    words = _Words(argv)
    if "--version" in words.read:
        return ["--version"]
    if words.action is None:
        return ["--help"] if words.read[:1] == ["--help"] else argv
    os.environ.update({f"GLOG_{name}": value for name, value in words.settings.items()})
    glog.begin("caffe")
    return [words.action, *words.for_argparse()]


class _Words:
    """The words of a command line: the action, the flags and words for argparse, and glog's settings."""

    def __init__(self, words: list[str]):
        self.unread = list(words)
        self.action: str | None = None
        self.settings = {"alsologtostderr": "1"}        # glog's; so Caffe's tool begins
        self.read: list[str] = []
        self._may_be_unknown: set[str] = set()
        self._expansions = 0
        while self.unread:
            word = self.unread.pop(0)
            if word.startswith("-") and word != "-":
                self.add_flag(word)
            else:
                self.add_word(word)

    def add_word(self, word: str) -> None:
        """Take a word that is no flag."""
        if self.action is None and _underscored(word) in ACTIONS:
            self.action = _underscored(word)
        else:
            self.read.append(word)

    def add_flag(self, word: str) -> None:
        """Take a flag, and its value from the unread words if it stands there."""
        name, value = _parts(word)
        kind = CAFFE.get(name) or GLOG.get(name) or (str if name in GFLAGS else None)
        if kind is None and name.startswith("no") and GLOG.get(name[2:]) is bool:
            name, kind, value = name[2:], bool, "0"
        if kind is None:
            self.read.append(f"--{name}" if name == "version" else "--help" if name in HELP else word)
            return
        if value is None:
            value = self._value(name, kind)
        if name in CAFFE:
            self.read.append(f"-{name}={value}")
        elif name in GLOG:
            self.settings[name] = _checked(name, kind, value)
        elif name == "undefok":
            self._may_be_unknown.update(map(_underscored, value.split(",")))
        else:
            self._expand(name, value)

    def _value(self, name: str, kind: type) -> str:
        if kind is bool:
            return "1"
        if not self.unread:
            raise InputError(f"The flag -{name} is without its value; write -{name}=VALUE.")
        return self.unread.pop(0)

    def _expand(self, name: str, value: str) -> None:
        self._expansions += 1
        if self._expansions > MOST_EXPANSIONS:
            raise InputError(f"-{name}={value}: flag files name each other without end; take one of them out.")
        self.unread[:0] = _from_files(value) if name == "flagfile" else _from_variables(name, value)

    def for_argparse(self) -> list[str]:
        """The words that are left, but for `--`, and for unknown flags that -undefok names."""
        return [word for word in self.read if word != "--" and _parts(word)[0] not in self._may_be_unknown]


def _parts(word: str) -> tuple[str, str | None]:
    """The name of the flag `word` with underscores, and the value behind `=`, if there is one."""
    name, equals, value = word.partition("=")
    return _underscored(name), value if equals else None


def _underscored(name: str) -> str:
    return name.lstrip("-").replace("-", "_")


def _checked(name: str, kind: type, value: str) -> str:
    """`value` for a variable of glog's; raises InputError for one that is not of the flag's kind."""
    if kind is bool:
        if value.lower() not in SWITCH:
            raise InputError(f"-{name}={value}: the flag is on or off; give true or false.")
        return SWITCH[value.lower()]
    if kind is int:
        try:
            return str(int(value, 16 if value[:2].lower() == "0x" else 10))
        except ValueError:
            raise InputError(f"-{name}={value}: the flag takes a whole number, such as 1.") from None
    return value


def _from_files(paths: str) -> list[str]:
    """The flags in the files `paths`, names between commas.

    A line has a flag as `-name=value`, a comment behind `#`, or the names of the programs that the lines below it are
    for.
    """
    flags = []
    for path in paths.split(","):
        is_ours = True
        for number, line in enumerate(_lines(path), 1):
            if line.startswith("-") and is_ours:
                if " " in line.partition("=")[0]:
                    raise InputError(f"{path}:{number}: `{line}` is no flag; in a flag file write -name=value.")
                flags.append(line)
            elif line and not line.startswith(("-", "#")):
                is_ours = any(fnmatch.fnmatch(program, name) for name in line.split() for program in PROGRAMS)
    return flags


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return [line.strip() for line in file]
    except OSError as error:
        raise InputError(f"-flagfile={path}: the file cannot be read ({error.strerror}).") from error


def _from_variables(name: str, flags: str) -> list[str]:
    """The flags that -fromenv (each must be there) or -tryfromenv names, from the variables FLAGS_name."""
    words = []
    for flag in flags.split(","):
        value = os.environ.get(f"FLAGS_{flag}")
        if value is not None:
            words.append(f"-{flag}={value}")
        elif name == "fromenv":
            raise InputError(f"-fromenv={flag}: there is no variable FLAGS_{flag}; set it, or say -tryfromenv.")
    return words
