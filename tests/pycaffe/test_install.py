"""install(): after it `import caffe`, and every import that Caffe's scripts make, means the embedded engine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cae_caffe import InputError, pycaffe
from cae_caffe.pycaffe.installation import SUBMODULES


def _run(source: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)


@pytest.fixture
def no_caffe(monkeypatch):
    """No module `caffe` or below, before the test and after it."""
    for name in ["caffe", *(f"caffe.{submodule}" for submodule in SUBMODULES)]:
        monkeypatch.setitem(sys.modules, name, None)        # so that it is restored
        del sys.modules[name]


def test_all_of_caffes_imports_work():
    done = _run("""
import cae_caffe.pycaffe
cae_caffe.pycaffe.install()
cae_caffe.pycaffe.install()
import caffe
import caffe.draw, caffe.coord_map, caffe.classifier, caffe.detector, caffe.io, caffe.net_spec, caffe.pycaffe
import caffe.proto.caffe_pb2 as pb2
from caffe import layers as L, params as P, to_proto, NetSpec, Classifier, Detector, Net, TRAIN, TEST
from caffe._caffe import Net as CompiledNet, Layer, Blob
from caffe.coord_map import crop
from caffe.draw import draw_net_to_file
from caffe.io import Transformer, load_image
from caffe.proto import caffe_pb2
from caffe.pycaffe import SGDSolver
assert caffe is cae_caffe.pycaffe and CompiledNet is Net is caffe.Net and pb2 is caffe_pb2
assert caffe.io.Transformer is Transformer and (TRAIN, TEST) == (0, 1)
assert issubclass(caffe.AdamSolver, SGDSolver)
""")
    assert done.stderr == "" and done.returncode == 0


def test_messages_work_with_protobufs_own_text_format():
    done = _run("""
from cae_caffe import pycaffe
pycaffe.install()
from google.protobuf import text_format
from caffe.proto import caffe_pb2
net = caffe_pb2.NetParameter()
text_format.Merge('name: "n" layer { name: "l" type: "Pooling" pooling_param { pool: AVE } }', net)
assert net.layer[0].pooling_param.pool == caffe_pb2.PoolingParameter.AVE
assert text_format.MessageToString(net) == str(net)
solver = caffe_pb2.SolverParameter(solver_mode=caffe_pb2.SolverParameter.CPU)
assert caffe_pb2.TRAIN == 0 and caffe_pb2.Phase.Name(1) == 'TEST' and 'solver_mode: CPU' in str(solver)
""")
    assert done.stderr == "" and done.returncode == 0


def test_it_is_found_to_be_installed(no_caffe):
    from cae_caffe import load_backend
    from cae_caffe.backend import NoCaffeError
    pycaffe.install()
    with pytest.raises(NoCaffeError, match=r"means the embedded engine here, since cae_caffe.pycaffe.install\(\)"):
        load_backend("caffe")


def test_another_caffe_that_is_imported_already_is_left_alone(no_caffe, monkeypatch, tmp_path):
    (tmp_path / "caffe.py").write_text("SGDSolver = object")
    monkeypatch.syspath_prepend(str(tmp_path))
    import caffe
    with pytest.raises(InputError, match=f"imported another `caffe` already .{tmp_path / 'caffe.py'}.; call install"):
        pycaffe.install()
    assert sys.modules["caffe"] is caffe and "caffe.io" not in sys.modules
