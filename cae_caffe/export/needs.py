"""The packages that exported files need, and what to do where they are missing."""

from __future__ import annotations

import importlib

from ..errors import RunError


def require_onnx() -> None:
    """Raise RunError unless the package onnx imports."""
    _require("onnx", "onnx", "ONNX files are written by the package onnx", "")


def require_onnxruntime() -> None:
    """Raise RunError unless the package onnxruntime imports."""
    _require("onnxruntime", "onnx", "The written file is checked by onnxruntime", ", or do not check: --check off")


def require_safetensors() -> None:
    """Raise RunError unless the package safetensors imports."""
    _require("safetensors", "safetensors", "The weights' file is of the package safetensors", "")


def _require(name: str, extra: str, need: str, otherwise: str) -> None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise RunError(f"{need}, which does not import here ({error}); run pip install \"cae-caffe[{extra}]\""
                       f"{otherwise}.") from error
