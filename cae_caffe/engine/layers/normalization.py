"""By what a loss is divided: LossParameter's normalization modes."""

from __future__ import annotations

import torch


def mode(loss_param, default: str) -> str:
    """The normalization mode of a layer: FULL, VALID, BATCH_SIZE or NONE; the old `normalize` flag still counts."""
    if loss_param.has("normalization"):
        return loss_param.normalization
    if loss_param.has("normalize"):
        return "VALID" if loss_param.normalize else "BATCH_SIZE"
    return default


def divisor(mode: str, outer: int, inner: int, valid: torch.Tensor | None) -> float | torch.Tensor:
    """By what to divide the sum of a loss over `outer` x `inner` values; at least 1, as Caffe's get_normalizer has it.

    `valid` is the number of values that are not ignored, as a tensor of no axes, or None if all count.
    """
    if mode == "VALID" and valid is not None:
        return valid.clamp_min(1)
    fixed = {"FULL": outer * inner, "VALID": outer * inner, "BATCH_SIZE": outer, "NONE": 1}
    return float(max(1, fixed[mode]))
