"""Process-wide settings: CPU or GPU, the random seed; and the list of layer types."""

from __future__ import annotations

from ..engine import rng
from ..engine.device import set_device, set_mode_cpu, set_mode_gpu
from ..engine.layers import registry

__all__ = ["layer_type_list", "set_device", "set_mode_cpu", "set_mode_gpu", "set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Start Caffe's random stream again from `seed`; the next net draws the weights that real Caffe would."""
    rng.set_random_seed(seed)


def layer_type_list() -> list[str]:
    """The layer types that can be built, sorted."""
    return registry.type_names()
