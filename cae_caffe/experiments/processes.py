"""Pythons to start processes with."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Sequence


@dataclass(frozen=True)
class Python:
    """How to start a Python: the words of the command, and all its variables."""

    words: Sequence[str]
    variables: Dict[str, str]


def this_python() -> Python:
    """This process's Python, which finds this package in its processes too."""
    package_folder = str(Path(__file__).resolve().parents[2])
    path = filter(None, [package_folder, os.environ.get("PYTHONPATH")])
    return Python([sys.executable], {**os.environ, "PYTHONPATH": os.pathsep.join(path)})
