"""Which forks of Caffe have a name that is not known here: elsewhere.txt, read where a message needs it."""

from __future__ import annotations

import functools
from pathlib import Path

_MOST = 3       # forks that are named
_TYPE = "type"


def fields_owners(message_name: str, field_name: str) -> str:
    """Such as "the fork a/caffe has it"; nothing where no fork is known that has the field, or the enum's value."""
    return _told(f"{message_name}.{field_name}")


def types_owners(type_name: str) -> str:
    """The same of a layer type, whatever its case."""
    return _told(f"{_TYPE}.{type_name}".casefold())


def _told(name: str) -> str:
    forks = _owners().get(name, [])
    if not forks:
        return ""
    if len(forks) == 1:
        return f"the fork {forks[0]} has it"
    last = f"{len(forks) - _MOST} more" if len(forks) > _MOST else forks[-1]
    return f"the forks {', '.join(forks[:min(_MOST, len(forks) - (len(forks) <= _MOST))])} and {last} have it"


@functools.cache
def _owners() -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    fork = ""
    for line in Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            fork = line[2:]
        elif not line.startswith("#"):
            home, _, names = line.partition(": ")
            for name in names.split():
                key = f"{home}.{name}"
                owners.setdefault(key.casefold() if home == _TYPE else key, []).append(fork)
    return owners
