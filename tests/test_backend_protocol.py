"""Both engines have every name that the border names; the embedded engine has its own names besides."""

from __future__ import annotations

import importlib

import pytest
import small_training

from cae_caffe import backend_protocol

BORDER = ("Backend", "Net", "Layer", "Blob", "Solver", "Timer")
OWN = ("EmbeddedBackend", "EmbeddedSolver")

# Run in either engine's Python, on the module of that name.
MISSING = """
import importlib, os
def main(module, folder, names):
    caffe, before = importlib.import_module(module), os.getcwd()
    os.chdir(folder)
    made = {"Backend": caffe, "Solver": caffe.get_solver("solver.prototxt"), "Timer": caffe.Timer()}
    os.chdir(before)
    net = made["Net"] = made["Solver"].net
    made["Layer"], made["Blob"] = net.layers[0], net.blobs["data"]
    made.update(EmbeddedBackend=caffe, EmbeddedSolver=made["Solver"])
    made["Timer"].start()
    return {kind: [name for name in wanted if not hasattr(made[kind], name)] for kind, wanted in names.items()}
"""


def names_of(kind: str) -> list[str]:
    """What the Protocol of that name asks for, without what Python and `typing` put into every class."""
    plain = {*vars(type("Plain", (backend_protocol.Protocol,), {})), "__static_attributes__", "__firstlineno__"}
    return sorted(set(vars(getattr(backend_protocol, kind))) - plain)


@pytest.fixture
def folder(tmp_path):
    return str(small_training.write(tmp_path).parent)


def test_the_names_are_found():
    assert names_of("Timer") == ["ms", "start", "stop"]
    assert names_of("EmbeddedSolver") == ["keep_snapshots", "restore_data_position", "set_action_function",
                                          "watch_for_nan"]
    assert {"Net", "__version__", "get_solver", "log"} < set(names_of("Backend"))
    assert "_forward" in names_of("Net")


def test_the_embedded_engine_has_them_all(folder):
    place = {}
    exec(MISSING, place)
    names = {kind: names_of(kind) for kind in BORDER + OWN}
    assert not any(place["main"]("cae_caffe.pycaffe", folder, names).values())


def test_real_caffe_has_those_of_the_border_and_none_of_the_engines_own(folder, real_caffe):
    border, own = ({kind: names_of(kind) for kind in kinds} for kinds in (BORDER, OWN))
    assert not any(real_caffe(MISSING, module="caffe", folder=folder, names=border).values())
    assert real_caffe(MISSING, module="caffe", folder=folder, names=own) == own


def test_it_is_light(real_caffe):
    """Tools read it in real Caffe's Python, and before any engine is chosen."""
    source = "import cae_caffe.backend_protocol, sys\ndef main():\n    return 'torch' in sys.modules"
    assert real_caffe(source) is False
    assert importlib.import_module("cae_caffe.backend_protocol").Backend
