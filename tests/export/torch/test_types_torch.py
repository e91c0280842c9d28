"""What has a form in ONNX has one in PyTorch, and the other way round."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx", reason="onnx is not here: pip install cae-caffe[onnx]")

from cae_caffe.export.onnx import registry as onnx_registry
from cae_caffe.export.torch import registry as torch_registry


def test_the_same_types_leave_in_both_forms():
    assert onnx_registry.types() == torch_registry.types()
