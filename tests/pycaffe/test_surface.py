"""Every name that real pycaffe offers is offered here."""

from __future__ import annotations

import importlib
import re

import pytest

from cae_caffe import pycaffe

SURFACE = """
import importlib
def main(module, attributes):
    thing = importlib.import_module(module)
    for name in attributes:
        thing = getattr(thing, name)
    return [name for name in dir(thing) if not name.startswith("__")]
"""
# What real Caffe's modules import for themselves; then Boost's lists of its own types, and helpers of other names here.
FOREIGN = {"OrderedDict", "caffe", "caffe_pb2", "izip_longest", "np", "os", "pydot", "resize", "six", "skimage", "zoom",
           "division", "Counter", "protobuf", "absolute_import", "print_function", "unicode_literals"}
INTERNAL = re.compile("[A-Z][A-Za-z]+Vec|LayerParameter|_Net_.*|_set_input_arrays|_blob_loss_weights"
                      "|_param_names|.*_check_input")


@pytest.mark.parametrize("place", [
    "caffe", "caffe._caffe", "caffe.pycaffe", "caffe.io", "caffe.net_spec", "caffe.coord_map", "caffe.classifier",
    "caffe.detector", "caffe.Net", "caffe.SGDSolver", "caffe.AdamSolver", "caffe.Layer", "caffe._caffe.Blob",
    "caffe._caffe.BlobVec", "caffe._caffe.SolverParameter", "caffe.Timer", "caffe.NCCL", "caffe.io.Transformer",
    "caffe.Classifier", "caffe.Detector", "caffe.NetSpec"])
def test_a_places_names_are_all_there(place, real_caffe):
    words = place.split(".")
    modules = [word for word in words[1:] if word.islower()]
    attributes = words[1 + len(modules):]
    real = set(real_caffe(SURFACE, module=".".join(["caffe", *modules]), attributes=attributes))
    ours = importlib.import_module(".".join([pycaffe.__name__, *modules]))
    for name in attributes:
        ours = getattr(ours, name)
    missing = {name for name in real - FOREIGN if not hasattr(ours, name) and not INTERNAL.fullmatch(name)}
    assert missing == _ATTRIBUTES_OF_INSTANCES.get(place, set()) & missing


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
