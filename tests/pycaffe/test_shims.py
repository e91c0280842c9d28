"""What stands in for modules that Python layers of 2015 import."""

from __future__ import annotations

import importlib
import inspect
import io
import sys
import types

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs PyTorch")

from conformance import values
from fork_references.proposal import overlap, suppressed

from cae_caffe import pycaffe
from cae_caffe.engine import log
from cae_caffe.pycaffe import shims
from cae_caffe.pycaffe.shims.easydict import EasyDict
from cae_caffe.pycaffe.shims.overlaps import bbox_overlaps
from cae_caffe.pycaffe.shims.suppression import cpu_nms, gpu_nms


def boxes(number, seed=0):
    first = values(number, 2, low=0, high=20, seed=seed)
    return np.concatenate([first, first + values(number, 2, low=0, high=15, seed=seed + 1)], axis=1)


def test_overlaps():
    mine, others = boxes(6), boxes(4, seed=5)

    wanted = [[overlap(box, other) for other in others] for box in mine]
    np.testing.assert_allclose(bbox_overlaps(mine, others), wanted, rtol=1e-6)


@pytest.mark.parametrize("nms", [cpu_nms, gpu_nms])
def test_suppression(nms):
    rows = np.column_stack([boxes(40), values(40, low=0)])
    order = np.argsort(-rows[:, 4])

    assert nms(rows, 0.4) == [order[i] for i in suppressed(rows[order, :4].astype(np.float64), 0.4)]
    assert nms(rows[:0], 0.4) == []


def test_an_overlap_of_just_the_threshold_is_too_much_on_the_cpu_only():
    rows = np.array([[0, 0, 3, 3, 1], [0, 0, 3, 1, 0.5]], np.float32)

    assert cpu_nms(rows, 0.5) == [0]
    assert gpu_nms(rows, 0.5, device_id=3) == [0, 1]


def test_an_easydict_is_a_dictionary_of_attributes():
    found = EasyDict({"a": 1, "inner": {"b": 2}, "several": [{"c": 3}]}, d=4)
    found.further = {"e": 5}
    found.update(a=6)

    assert (found.a, found.inner.b, found.several[0].c, found.d, found.further.e) == (6, 2, 3, 4, 5)
    assert type(found["inner"]) is EasyDict and isinstance(found, dict)
    assert list(found) == ["a", "inner", "several", "d", "further"]
    with pytest.raises(AttributeError, match="no 'missing'; it has 'a', 'inner'"):
        found.missing       # noqa: B018


@pytest.fixture
def importing(monkeypatch, tmp_path):
    """Imports a module with stand-ins, as a new process would; returns it and the log's lines."""
    monkeypatch.setattr(sys, "meta_path", [shims.Finder(), *(finder for finder in sys.meta_path
                                                             if not isinstance(finder, shims.Finder))])
    monkeypatch.syspath_prepend(str(tmp_path))
    kept = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("utils", "easydict", "nms")}
    for name in kept:
        monkeypatch.delitem(sys.modules, name)

    def run(name):
        said = io.StringIO()
        with log.to(said):
            return importlib.import_module(name), said.getvalue()
    yield run
    for name in list(sys.modules):
        if name.split(".")[0] in ("utils", "easydict", "nms"):
            del sys.modules[name]
    sys.modules.update(kept)


def package(folder, name, **files):
    (folder / name).mkdir()
    for file, content in {"__init__.py": "", **files}.items():
        (folder / name / file).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_what_is_missing_has_a_stand_in_which_the_log_names(importing, tmp_path):
    package(tmp_path, "utils")
    found, said = importing("utils.cython_bbox")

    assert found.bbox_overlaps is bbox_overlaps
    assert "utils.cython_bbox cannot be imported (it is not found); cae_caffe.pycaffe.shims.overlaps stands in" in said


def test_what_was_compiled_for_another_python_has_one_too(importing, tmp_path):
    package(tmp_path, "nms", **{"gpu_nms.so": b"\x7fELF of Python 2"})
    found, said = importing("nms.gpu_nms")

    assert found.gpu_nms is gpu_nms
    assert "nms.gpu_nms cannot be imported (" in said and "gpu_nms.so" in said


def test_what_can_be_imported_stays(importing, tmp_path):
    package(tmp_path, "utils", **{"cython_bbox.py": "bbox_overlaps = 'the real one'"})
    found, said = importing("utils.cython_bbox")

    assert found.bbox_overlaps == "the real one"
    assert sys.modules["utils"].cython_bbox is found
    assert said == ""


def _load_of(yaml):
    """yaml.load as PyYAML 6 has it."""
    load = inspect.unwrap(yaml.load)

    def with_loader(stream, Loader):
        return load(stream, Loader)
    return with_loader


def test_yaml_loads_without_a_loader():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not here")
    fresh = types.SimpleNamespace(load=_load_of(yaml), FullLoader=yaml.FullLoader)
    shims.let_load_without_loader(fresh)

    text = "'feat_stride': 16 \n'scales': !!python/tuple [4, 8]"
    assert fresh.load(text) == {"feat_stride": 16, "scales": (4, 8)}
    with pytest.raises(yaml.YAMLError):
        fresh.load(text, Loader=yaml.SafeLoader)
    once = fresh.load
    shims.let_load_without_loader(fresh)
    assert fresh.load is once


LAYERS = """import caffe
class Of2015(caffe.Layer):
    def setup(self, bottom, top):
        self.seen = self.param_str_, str(self.phase), self.phase
    def reshape(self, bottom, top):
        top[0].reshape(1)
    def forward(self, bottom, top):
        pass
class OfToday(Of2015):
    setup = lambda self, bottom, top: setattr(self, "seen", (self.param_str, str(self.phase), self.phase))
"""
NET = """layer { name: "layer" type: "Python" top: "top"
                 python_param { module: "layers_of_2015" layer: "%s" param_str: "'a': 1" } }"""


@pytest.mark.parametrize(("phase", "name"), [(pycaffe.TRAIN, "TRAIN"), (pycaffe.TEST, "TEST")])
def test_a_layer_that_reads_param_str_with_a_dash_has_a_phase_of_2015(phase, name, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "layers_of_2015.py").write_text(LAYERS)
    (tmp_path / "net.prototxt").write_text(NET % "Of2015")

    assert pycaffe.Net(str(tmp_path / "net.prototxt"), phase).layers[0].seen == ("'a': 1", name, phase)
    sys.modules.pop("layers_of_2015")


def test_any_other_layers_phase_is_a_number(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "layers_of_2015.py").write_text(LAYERS.replace("self.param_str_", "self.param_str"))
    (tmp_path / "net.prototxt").write_text(NET % "OfToday")

    assert pycaffe.Net(str(tmp_path / "net.prototxt"), pycaffe.TRAIN).layers[0].seen == ("'a': 1", "0", 0)
    sys.modules.pop("layers_of_2015")
