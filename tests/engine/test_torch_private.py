"""PyTorch's private names are used in one module, and training works without them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import cae_caffe
from cae_caffe import schema
from cae_caffe.engine import captured, torch_private
from cae_caffe.engine.lowering.buffers import Snapshot
from cae_caffe.engine.solvers import Solver

PACKAGE = Path(cae_caffe.__file__).parent
# Attributes that PyTorch's own objects have under such names, whatever the object is called here.
OF_OBJECTS = {"_C", "_base", "_cdata", "_schema", "_version", "_typed_storage"}


def _private_names(source: str):
    """The underscored names in a module's source that are PyTorch's: imported from torch, attributes of it or, as some
    of its objects' attributes, of anything; and methods that only PyTorch calls.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "torch":
            yield from _underscored([*node.module.split("."), *(name.name for name in node.names)])
        elif isinstance(node, ast.Import):
            yield from _underscored(part for name in node.names if name.name.split(".")[0] == "torch"
                                    for part in name.name.split("."))
        elif isinstance(node, ast.Attribute):
            root = node.value
            while isinstance(root, ast.Attribute):
                root = root.value
            if node.attr in OF_OBJECTS or getattr(root, "id", None) in ("torch", "aten"):
                yield from _underscored([node.attr])
        elif isinstance(node, ast.FunctionDef) and node.name == "_should_skip_dynamo":
            yield node.name


def _underscored(names):
    # Names such as `mul_` and `__torch_function__` are public.
    return [name for name in names if name.startswith("_") and not name.startswith("__")]


@pytest.mark.parametrize("source", [
    "import torch\ntorch._foreach_add_(a, b)", "from torch.utils._python_dispatch import TorchDispatchMode",
    "import torch._dynamo", "def f(op):\n    return op._schema", "import torch\nx = torch.ops.aten._fused_sgd_.default",
    "version = tensor._version"])
def test_the_search_finds_private_names(source):
    assert list(_private_names(source))


def test_no_other_module_uses_private_names_of_pytorch():
    found = {str(path.relative_to(PACKAGE)): sorted(set(_private_names(path.read_text(encoding="utf-8"))))
             for path in PACKAGE.rglob("*.py")}
    assert [path for path, names in found.items() if names] == [str(Path("engine", "torch_private.py"))]


SOLVER = """
base_lr: 0.001 lr_policy: "fixed" momentum: 0.9 weight_decay: 0.01 random_seed: 3 snapshot_after_train: false
test_iter: 3 test_interval: 4
net_param {
  layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 4 dim: 1 dim: 12 dim: 12 } } }
  layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
          convolution_param { num_output: 2 kernel_size: 9 weight_filler { type: "xavier" } } }
  layer { name: "code" type: "InnerProduct" bottom: "conv" top: "code"
          inner_product_param { num_output: 144 weight_filler { type: "xavier" } } }
  layer { name: "shape" type: "Reshape" bottom: "code" top: "out"
          reshape_param { shape { dim: 0 dim: 1 dim: 12 dim: 12 } } }
  layer { name: "loss" type: "EuclideanLoss" bottom: "out" bottom: "data" top: "loss" }
}
"""


def train() -> list:
    """The weights after some steps, as lists."""
    solver = Solver(schema.parse_solver(SOLVER))
    images = np.random.RandomState(0).rand(8, 4, 1, 12, 12).astype(np.float32)
    for batch in images:
        solver.net.blobs[0].data.copy_(torch.from_numpy(batch))
        solver.step(1)
    assert np.isfinite(solver.net.loss())
    return [parameter.blob.data.flatten().tolist() for parameter in solver.net.learnable]


@pytest.mark.parametrize("name, missing", [("_fused_sgd", None), ("_has_versions", False),
                                           ("can_listen", lambda: False)])
def test_training_goes_the_same_way_without_each(name, missing, monkeypatch):
    wanted = train()
    monkeypatch.setattr(torch_private, name, missing)
    for given, values in zip(train(), wanted):
        np.testing.assert_allclose(given, values, rtol=1e-5, atol=1e-6)


def test_without_versions_nothing_counts_as_unchanged(monkeypatch):
    tensor, seen = torch.ones(2), Snapshot()
    seen.take(tensor)
    assert seen.holds(tensor)
    monkeypatch.setattr(torch_private, "_has_versions", False)
    seen.take(tensor)
    assert not seen.holds(tensor)


def test_without_listening_no_step_is_recorded(monkeypatch):
    net = Solver(schema.parse_solver(SOLVER)).net
    assert captured.recorder(net) is captured.Tape
    monkeypatch.setattr(torch_private, "can_listen", lambda: False)
    assert captured.recorder(net) is None


@pytest.mark.parametrize("strided", [False, True])
def test_softmax_has_the_same_gradient(strided, monkeypatch):
    top, top_diff = torch.rand(2, 3, 4).softmax(1), torch.rand(2, 3, 4)
    results = []
    for kernel in (torch_private._softmax_backward, None):
        monkeypatch.setattr(torch_private, "_softmax_backward", kernel)
        results.append(torch.empty(4, 3, 2).transpose(0, 2) if strided else torch.empty(2, 3, 4))
        torch_private.softmax_backward(top_diff, top, 1, results[-1])
    torch.testing.assert_close(*results)


def test_training_works_in_a_pytorch_that_has_none_of_them():
    program = ("import torch\n"
               "del torch._fused_sgd_, torch.utils._python_dispatch.TorchDispatchMode\n"
               "import test_torch_private as here\n"
               "from cae_caffe.engine import torch_private\n"
               "assert not torch_private.can_listen() and not torch_private.has_fused_sgd(torch.device('cpu'))\n"
               "print(here.train())")
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    for given, values in zip(ast.literal_eval(done.stdout), train()):
        np.testing.assert_allclose(given, values, rtol=1e-5, atol=1e-6)
