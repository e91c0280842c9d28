"""BatchNorm's averages: Caffe's sums and the factor that divides them, PyTorch's quotients, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .back import Back

QUOTIENTS = {"running_mean": 0, "running_var": 1}       # the tensors, and the parameters whose shapes they have
SUMS = {"caffe_mean": 0, "caffe_var": 1, "caffe_factor": 2}


def quotients(mean: np.ndarray, variance: np.ndarray, factor: np.ndarray) -> dict[str, np.ndarray]:
    """`running_mean` and `running_var` of Caffe's three parameters; 0 if the factor is, as in Caffe."""
    scale = np.float32(1) / factor if factor[0] else factor
    return {"running_mean": mean * scale, "running_var": variance * scale}


@dataclass(frozen=True)
class AveragesBack(Back):
    """Caffe's parameters of the averages: the sums as long as these give them, else the averages with a factor of 1.

    So training in PyTorch, which changes the averages alone, decides, and where there was none no value is rounded.
    """

    needed: Mapping[str, int] = field(default_factory=lambda: QUOTIENTS)
    optional: Mapping[str, int] = field(default_factory=lambda: SUMS)

    def parameters(self, tensors: Mapping[str, np.ndarray]) -> dict[int, np.ndarray]:
        if not tensors.keys() >= QUOTIENTS.keys():
            return {}
        if tensors.keys() >= SUMS.keys():
            sums = [tensors[key] for key in SUMS]
            with np.errstate(all="ignore"):
                found = quotients(*sums)
            if all(np.array_equal(found[key], tensors[key], equal_nan=True) for key in QUOTIENTS):
                return dict(enumerate(sums))
        return {0: tensors["running_mean"], 1: tensors["running_var"], 2: np.ones(1, np.float32)}
