"""Every name that real pycaffe offers is offered here."""

from __future__ import annotations

import importlib
import re
import sys
import types

import numpy as np
import pytest
import two_engines

from cae_caffe import InputError, RunError, pycaffe

SURFACE = """
import importlib, sys, types
def main(module, attributes):
    sys.modules.setdefault("pydot", types.ModuleType("pydot"))
    thing = importlib.import_module(module)
    for name in attributes:
        thing = getattr(thing, name)
    return [name for name in dir(thing) if not name.startswith("__")]
"""
# What real Caffe's modules import for themselves; then Boost's lists of its own types, and helpers of other names here.
FOREIGN = {"caffe", "izip_longest", "os", "six", "division", "protobuf", "absolute_import", "print_function",
           "unicode_literals", "enum_type_wrapper", "_descriptor", "_message", "_reflection", "_sym_db",
           "_symbol_database"}
INTERNAL = re.compile("[A-Z][A-Za-z]+Vec|LayerParameter|_set_input_arrays|_blob_loss_weights"
                      "|_param_names|.*_check_input")


@pytest.mark.parametrize("place", [
    "caffe", "caffe._caffe", "caffe.pycaffe", "caffe.io", "caffe.net_spec", "caffe.coord_map", "caffe.classifier",
    "caffe.detector", "caffe.draw", "caffe.proto.caffe_pb2", "caffe.Net", "caffe.SGDSolver", "caffe.AdamSolver",
    "caffe.Layer", "caffe._caffe.Blob",
    "caffe._caffe.BlobVec", "caffe._caffe.SolverParameter", "caffe.Timer", "caffe.NCCL", "caffe.io.Transformer",
    "caffe.Classifier", "caffe.Detector", "caffe.NetSpec"])
def test_a_places_names_are_all_there(place, real_caffe, monkeypatch):
    words = place.split(".")
    modules = [word for word in words[1:] if word.islower()]
    attributes = words[1 + len(modules):]
    real = set(real_caffe(SURFACE, module=".".join(["caffe", *modules]), attributes=attributes))
    monkeypatch.setattr(importlib, "import_module", here(importlib.import_module))
    ours = importlib.import_module(".".join([pycaffe.__name__, *modules]))
    for name in attributes:
        ours = getattr(ours, name)
    missing = {name for name in real - FOREIGN if not hasattr(ours, name) and not INTERNAL.fullmatch(name)}
    assert missing == _ATTRIBUTES_OF_INSTANCES.get(place, set()) & missing


def here(import_module):
    """As importlib's, with other packages for the libraries that need not be here, scikit-image and pydot."""
    def find(name, *arguments):
        return types.SimpleNamespace(resize=None) if name.startswith("skimage") else import_module(name, *arguments)
    return find


# Set when an instance is made, so the class does not have them.
_NETS = {"blobs", "blob_loss_weights", "bottom_names", "inputs", "layer_dict", "layers", "outputs", "params",
         "top_names", "_blob_names", "_blobs", "_inputs", "_layer_names", "_outputs"}
_ATTRIBUTES_OF_INSTANCES = {"caffe.Net": _NETS, "caffe.Classifier": _NETS, "caffe.Detector": _NETS,
                            "caffe.SGDSolver": {"net", "test_nets"}, "caffe.AdamSolver": {"net", "test_nets"},
                            "caffe._caffe.SolverParameter": {"base_lr", "display", "layer_wise_reduce", "max_iter"},
                            "caffe.NetSpec": {"tops"}}


def test_every_name_announced_is_there():
    for module in (pycaffe, pycaffe._caffe, pycaffe.pycaffe, pycaffe.io, pycaffe.net_spec):
        assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_version_is_caffes(real_caffe):
    assert pycaffe.__version__ == real_caffe("import caffe\ndef main():\n    return caffe.__version__")


def messages(caffe):
    """What caffe_pb2 tells of messages and enums beside the classes."""
    from caffe.proto import caffe_pb2
    return (caffe_pb2._NETPARAMETER.full_name, caffe_pb2._PHASE.full_name,
            caffe_pb2._CONVOLUTIONPARAMETER_ENGINE.full_name,
            [name for name, _ in caffe_pb2.V1LayerParameter.LayerType.items()][:40])


def functions(caffe):
    """The functions that Caffe makes Net of, called as functions."""
    from caffe import pycaffe
    net = caffe.Net("net.prototxt", caffe.TEST)
    names = pycaffe._Net_get_id_name(type(net)._top_ids, "_top_names").fget(net)
    return (sorted(pycaffe._Net_forward(net)), list(pycaffe._Net_blobs.fget(net)), list(names.items()),
            [len(batch["x"]) for batch in pycaffe._Net_batch(net, {"x": np.zeros((5, 3))})])


def bytes_for_paths(caffe):
    net = caffe.Net(b"net.prototxt", caffe.TEST)
    net.save(b"w.caffemodel")
    net.save_hdf5(b"w.h5")
    net.copy_from(b"w.caffemodel")
    net.load_hdf5(b"w.h5")
    nets = [caffe.Net(b"net.prototxt", b"w.caffemodel", caffe.TEST),
            caffe.Net("net.prototxt", caffe.TEST, weights=b"w.caffemodel")]
    solvers = [caffe.get_solver(b"solver.prototxt"), caffe.SGDSolver(b"solver.prototxt")]
    return [net.params["ip"][0].data.tolist() for net in nets], [type(solver).__name__ for solver in solvers]


@pytest.mark.parametrize("probe", [messages, functions, bytes_for_paths])
def test_what_scripts_take_is_real_caffes(probe, real_caffe, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "caffe", pycaffe)
    for name in ("pycaffe", "proto", "proto.caffe_pb2"):
        monkeypatch.setitem(sys.modules, f"caffe.{name}", importlib.import_module(f"{pycaffe.__name__}.{name}"))
    (tmp_path / "net.prototxt").write_text(
        'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'
        'layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" inner_product_param { num_output: 2 } }\n')
    (tmp_path / "solver.prototxt").write_text('net: "net.prototxt" base_lr: 1 lr_policy: "fixed" max_iter: 1')
    real, ours = two_engines.on_both(real_caffe, probe, tmp_path)
    assert ours == real


def test_other_paths_take_bytes_too(tmp_path):
    """Where real Caffe takes text alone."""
    (tmp_path / "solver.prototxt").write_text(
        'net_param { layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } } } base_lr: 1 '
        f'lr_policy: "fixed" max_iter: 1 snapshot_prefix: "{tmp_path}/s"')
    solver = pycaffe.get_solver(bytes(tmp_path / "solver.prototxt"))
    solver.snapshot()
    state = bytes(tmp_path / "s_iter_0.solverstate")
    solver.restore(state)
    solver.solve(state)
    with pytest.raises(InputError, match=r"none\.png: "):
        pycaffe.io.load_image(b"none.png")


def test_what_io_takes_of_others_is_theirs_and_named_where_it_is_missing(monkeypatch):
    skimage, transform = types.ModuleType("skimage"), types.ModuleType("skimage.transform")
    transform.resize = object()
    modules = {"skimage": skimage, "skimage.io": types.ModuleType("skimage.io"), "skimage.transform": transform}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    assert pycaffe.io.resize is transform.resize and pycaffe.io.skimage is skimage
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RunError, match=r"caffe\.io\.resize is scikit-image's, .*`pip install scikit-image`, or take"):
        _ = pycaffe.io.resize
    with pytest.raises(AttributeError, match="has no attribute 'rezise'"):
        _ = pycaffe.io.rezise
