"""Imports run only downwards through the floors of the README's map, and never in circles; modules stay short."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from import_reader import AT_ONCE, LATER, Import, imports_of, module_name, sources_of

PACKAGE = "cae_caffe"
FOLDER = Path(__file__).resolve().parents[1] / PACKAGE
FLOORS = (      # the first is what every floor stands on
    ("errors", "files", "glog", "hdf5", "interruption", "json_file", "lists", "locks", "printing", "progress",
     "python_layers", "spelling", "standard_streams", "version", "wait_policy"),
    ("schema", "plugins"),
    ("models", "data", "snapshots"),
    ("graph", "families", "emit", "engine", "net_spec"),
    ("pycaffe", "backend", "backend_protocol", "registration", "analysis"),
    ("running", "figures", "reproduction", "export"),
    ("cli", "__main__"),
    ("",),      # the package's own `__init__`, its facade: it names what users ask for, and nothing below asks it
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
PAPER, ITS_IMPORTERS = "reproduction", ("reproduction", "cli")
NEED_TORCH = ("engine", "pycaffe", "export")          # all others run on Python 3.9, without PyTorch
MOST_LINES = 300


def complaints(sources: Mapping[str, str]) -> list[str]:
    """What breaks a rule in the package with these sources, each in a sentence."""
    names = {module_name(path, PACKAGE) for path in sources}
    found = imports_of(sources, PACKAGE)
    homeless = sorted({_room(name) for name in names if _room(name) not in FLOOR})
    if homeless:
        return [f"{room} has no floor: give it one in FLOORS and in the README." for room in homeless]
    return [*_upward([one for one in found if one.target in names]),
            *_of_torch(found), *_circle(found, names), *_long(sources)]


def _room(module: str) -> str:
    """The folder, or module, directly in the package that `module` stands in."""
    return module.split(".")[1] if "." in module else ""


def _upward(imports: Iterable[Import]) -> list[str]:
    said = []
    for one in imports:
        words = f"{one.importer}, line {one.line}, names {one.target} {one.how}"
        if FLOOR[_room(one.target)] > FLOOR[_room(one.importer)]:
            said.append(f"{words}, which lies on a floor above.")
        elif _room(one.target) == PAPER and _room(one.importer) not in ITS_IMPORTERS:
            said.append(f"{words}, but only {' and '.join(ITS_IMPORTERS)} import the paper's reproduction.")
    return said


def _of_torch(imports: Iterable[Import]) -> list[str]:
    needed = ("torch", *(f"{PACKAGE}.{room}" for room in NEED_TORCH))
    return [f"{one.importer}, line {one.line}, imports {one.target} at once, which needs PyTorch; it has to do without."
            for one in imports if one.how == AT_ONCE and _room(one.importer) not in NEED_TORCH
            and any(one.target == name or one.target.startswith(f"{name}.") for name in needed)]


def _circle(imports: Iterable[Import], names: set[str]) -> list[str]:
    """A circle of imports, if there is one. Names for type checkers alone, or in strings, close none."""
    graph: dict[str, set[str]] = {name: set() for name in names}
    for one in imports:
        if one.target in names and one.how in (AT_ONCE, LATER):
            graph[one.importer] |= {one.target, *_packages(one.target) - _packages(one.importer)} - {one.importer}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return [f"These import each other in a circle: {', '.join(reversed(error.args[1]))}."]
    return []


def _packages(module: str) -> set[str]:
    """The packages that are imported before `module` is."""
    words = module.split(".")
    return {".".join(words[:length]) for length in range(1, len(words))}


def _long(sources: Mapping[str, str]) -> list[str]:
    lengths = {path: len(source.splitlines()) for path, source in sources.items()}
    return [f"{path} has {length} lines; {MOST_LINES} are the most." for path, length in lengths.items()
            if length > MOST_LINES]


def test_the_package_keeps_the_rules():
    assert complaints(sources_of(FOLDER)) == []


# Made-up packages, each with what breaks a rule in it.

@pytest.mark.parametrize("path, source", [
    ("engine/net.py", "from ..running import train"),
    ("engine/net.py", "from ..running.train import train"),
    ("engine/net.py", "import cae_caffe.running.train"),
    ("engine/__init__.py", "from ..running.train import train"),
    ("engine/layers/relu.py", "def make():\n    from ...running.train import train"),
    ("engine/net.py", "if TYPE_CHECKING:\n    from ..running.train import train"),
    ("engine/net.py", "try:\n    from ..running.train import train\nexcept ImportError:\n    train = None"),
    ("engine/net.py", "importlib.import_module('..running.train', __package__)"),
    ("engine/net.py", "make = lambda: __import__('cae_caffe.running.train')"),
    ("engine/net.py", "MODULES = ('cae_caffe.running.train',)"),
    ("engine/net.py", "COMMAND = 'python3 -m cae_caffe.running.train --now'"),
    ("schema/__init__.py", "TRAIN = f'{__name__}.x'; OTHER = 'cae_caffe.running.train:main'"),
    ("files.py", "TRAIN = f'{__package__}.running.train'"),
])
def test_an_import_from_a_floor_above_is_found(path, source):
    said = complaints({"__init__.py": "", "running/train.py": "", "running/__init__.py": "", path: source})
    assert len(said) == 1 and "names cae_caffe.running" in said[0] and said[0].endswith("which lies on a floor above.")


@pytest.mark.parametrize("source", ["from .. import load_backend", "import cae_caffe", "PROGRAM = ['-m', 'cae_caffe']"])
def test_the_facade_and_the_command_line_are_above_all_others(source):
    sources = {"__init__.py": "from .running import train", "__main__.py": "", "running/train.py": ""}
    assert complaints(sources) == []
    assert len(complaints({**sources, "running/verify.py": source})) == 1


@pytest.mark.parametrize("source", [
    '"""As `cae_caffe.running.train`."""', 'def f():\n    """cae_caffe.running.train"""', "from . import layers",
    "raise InputError('ask cae_caffe.running.train for it')", "import json", "from ..schema import read_net",
])
def test_what_is_no_import_from_above_is_let_be(source):
    sources = {"schema/__init__.py": "", "running/train.py": "from ..emit.nets import net", "emit/layers.py": ""}
    assert complaints({**sources, "emit/nets.py": source}) == []


@pytest.mark.parametrize("path, allowed", [("running/train.py", False), ("figures/scatter.py", False),
                                           ("reproduction/tables.py", True), ("cli/reproduce.py", True)])
def test_only_the_command_line_imports_the_papers_reproduction(path, allowed):
    for source in ("from ..reproduction.plan import Plan", "PLAN = 'cae_caffe.reproduction.plan'"):
        assert (complaints({"reproduction/plan.py": "", path: source}) == []) is allowed


@pytest.mark.parametrize("sources", [
    {"engine/a.py": "from .b import x", "engine/b.py": "from .c import x", "engine/c.py": "from .a import x"},
    {"engine/a.py": "from . import b", "engine/b.py": "def later():\n    from . import a"},
    {"engine/__init__.py": "from .a import x", "engine/a.py": "from . import x"},
    # By way of the package that is imported before its module.
    {"emit/a.py": "from ..graph.b import x", "graph/__init__.py": "from .c import x", "graph/b.py": "",
     "graph/c.py": "from ..emit.a import x"},
])
def test_a_circle_is_found(sources):
    said = complaints(sources)
    assert len(said) == 1 and said[0].startswith("These import each other in a circle: cae_caffe.")


@pytest.mark.parametrize("source", ["COMMAND = 'cae_caffe.running.b'", "if TYPE_CHECKING:\n    from .b import B"])
def test_what_is_never_imported_makes_no_circle(source):
    assert complaints({"running/a.py": source, "running/b.py": "from . import a"}) == []


@pytest.mark.parametrize("source, fine", [
    ("import torch", False), ("from torch.nn import Linear", False), ("if True:\n    import torch", False),
    ("from ..pycaffe import Net", False), ("from ..engine.net import Net", False),
    ("def f():\n    import torch", True), ("if TYPE_CHECKING:\n    import torch", True), ("import torchless", True),
])
def test_pytorch_is_imported_late_where_python_3_9_has_to_do(source, fine):
    sources = {"engine/net.py": "import torch", "engine/__init__.py": "", "pycaffe/__init__.py": "import torch"}
    assert (complaints({**sources, "running/train.py": source}) == []) is fine


def test_a_long_module_and_one_without_a_floor_are_found():
    assert complaints({"engine/net.py": "\n" * 300}) == []
    assert complaints({"engine/net.py": "\n" * 301}) == ["engine/net.py has 301 lines; 300 are the most."]
    assert complaints({"attic/old.py": ""}) == ["attic has no floor: give it one in FLOORS and in the README."]
