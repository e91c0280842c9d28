"""The choice of engine, and what is said where one is not there. Missing packages are None in sys.modules."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from cae_caffe import InputError, backend, load_backend
from cae_caffe.backend import NoCaffeError


@pytest.fixture
def no_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def no_caffe(monkeypatch):
    monkeypatch.setitem(sys.modules, "caffe", None)


@pytest.fixture
def some_caffe(monkeypatch):
    module = types.ModuleType("caffe")
    module.SGDSolver, module.__version__ = object, "1.0.0"
    monkeypatch.setitem(sys.modules, "caffe", module)
    return module


def _import_from(monkeypatch, folder):
    """Let `import caffe` look in `folder` first, and forget afterwards what it found."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(sys.modules, "caffe", None)     # so that it is restored
    del sys.modules["caffe"]


def test_torch_is_the_embedded_engine():
    assert load_backend("torch").__name__ == "cae_caffe.pycaffe"


def test_auto_prefers_torch(some_caffe):
    assert load_backend().__name__ == "cae_caffe.pycaffe"


def test_auto_takes_caffe_where_torch_does_not_import(no_torch, some_caffe):
    assert load_backend("auto") is some_caffe


def test_auto_without_any_engine_names_both_remedies(no_torch, no_caffe):
    with pytest.raises(NoCaffeError, match=r"no engine: .*cae-caffe\[engine\].*scripts/install-caffe"):
        load_backend("auto")


def test_an_unknown_name_is_refused():
    with pytest.raises(InputError, match="'tensorflow' is unknown; choose one of auto, caffe, torch"):
        load_backend("tensorflow")


def test_missing_torch_names_the_extra(no_torch):
    with pytest.raises(InputError, match=r"PyTorch does not import .*pip install 'cae-caffe\[engine\]'"):
        load_backend("torch")


def test_an_older_python_has_no_embedded_engine(monkeypatch):
    monkeypatch.setattr(backend, "OLDEST_PYTHON", (99, 0))
    with pytest.raises(InputError, match=r"needs Python 3\.10 or newer"):
        load_backend("torch")


def test_missing_caffe_names_the_wrapper(no_caffe):
    with pytest.raises(NoCaffeError, match=r"`import caffe` fails .*\.caffe/with-caffe.*scripts/install-caffe"):
        load_backend("caffe")


def test_a_caffe_that_breaks_at_import_is_no_traceback(monkeypatch, tmp_path):
    (tmp_path / "caffe.py").write_text("raise TypeError('Descriptors cannot be created directly')")
    _import_from(monkeypatch, tmp_path)
    with pytest.raises(NoCaffeError, match="TypeError: Descriptors cannot be created directly"):
        load_backend("caffe")


def test_a_folder_named_caffe_is_not_real_caffe(monkeypatch, tmp_path):
    (tmp_path / "caffe").mkdir()
    _import_from(monkeypatch, tmp_path)
    with pytest.raises(NoCaffeError, match=f"finds the folder {tmp_path / 'caffe'}, which is not pycaffe"):
        load_backend("caffe")


def test_the_embedded_engine_under_caffes_name_is_not_real_caffe(monkeypatch):
    monkeypatch.setitem(sys.modules, "caffe", load_backend("torch"))
    with pytest.raises(NoCaffeError, match=r"means the embedded engine here, since cae_caffe.pycaffe.install\(\)"):
        load_backend("caffe")


def test_engines_are_described(some_caffe):
    import torch
    assert backend.describe(some_caffe, gpu=1) == "real Caffe 1.0.0 on GPU 1"
    assert backend.describe(load_backend("torch")) == f"embedded (PyTorch {torch.__version__}) on CPU"


def test_importing_the_package_imports_no_engine():
    source = "import sys, cae_caffe; sys.exit(any(name in sys.modules for name in ('torch', 'caffe')))"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def test_real_caffes_python_gets_caffe_itself(real_caffe):
    source = ("import caffe\nfrom cae_caffe.backend import describe, load_backend\n"
              "def main():\n    assert load_backend('auto') is caffe\n    return describe(load_backend('caffe'))")
    assert real_caffe(source) == "real Caffe 1.0.0 on CPU"


def test_what_auto_stands_for_is_known_without_importing_it():
    pytest.importorskip("torch")
    program = ("import sys; from cae_caffe.backend import automatic_name; print(automatic_name()); "
               "assert 'torch' not in sys.modules")
    found = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert found.stdout.strip() == "torch"
