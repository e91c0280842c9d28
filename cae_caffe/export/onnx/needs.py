"""The packages that ONNX files need, and what to do where they are missing."""

from __future__ import annotations

import importlib

from ...errors import RunError


def require_onnx() -> None:
    """Raise RunError unless the package onnx imports."""
    _require("onnx", "ONNX files are written by the package onnx", "")


def require_onnxruntime() -> None:
    """Raise RunError unless the package onnxruntime imports."""
    _require("onnxruntime", "The written file is checked by onnxruntime", ", or do not check: --check off")


def _require(name: str, need: str, otherwise: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise RunError(f"{need}, which does not import here ({error}); run pip install \"cae-caffe[onnx]\""
                       f"{otherwise}.") from error
