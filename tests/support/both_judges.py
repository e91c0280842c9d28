"""Layers and small nets in both formats that nets leave in: as ONNX by onnx_judge.py, as PyTorch by torch_judge.py.

    from both_judges import hold_both

    hold_both(Case('type: "Permute" permute_param { order: 0 order: 2 order: 1 }', [values(2, 3, 4)]))

leaving.py does that for whole nets on inputs that are made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx_judge
import torch_judge
from conformance import Case
from torch import nn


def hold_both(case: Case, *, onnx: Mapping[str, Any] | None = None, torch: Mapping[str, Any] | None = None
              ) -> nn.Module:
    """Fail unless the case's module and its ONNX models give what the engine gives; returns the module.

    `onnx` and `torch` are what `hold` of the one judge takes, such as exceptions with their reason. PyTorch comes
    first, for where onnxruntime or OpenCV 5 are missing ONNX's judge skips.
    """
    module = torch_judge.hold(case, **(torch or {}))
    onnx_judge.hold(case, **(onnx or {}))
    return module


def refused_by_both(case: Case, match: str) -> None:
    """Fail unless both exporters refuse the case's layer, in a sentence with the pattern `match`."""
    torch_judge.refused(case, match)
    onnx_judge.refused(case, match)
