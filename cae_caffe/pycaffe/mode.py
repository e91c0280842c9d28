"""Process-wide settings: CPU or GPU, the random seed, the log; and the list of layer types."""

from __future__ import annotations

from ..engine import log as engine_log
from ..engine import rng
from ..engine.device import set_device, set_mode_cpu, set_mode_gpu
from ..engine.layers import registry

__all__ = ["init_log", "layer_type_list", "log", "set_device", "set_mode_cpu", "set_mode_gpu", "set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Start Caffe's random stream again from `seed`; the next net draws the weights that real Caffe would."""
    rng.set_random_seed(seed)


def layer_type_list() -> list[str]:
    """The layer types that can be built, sorted."""
    return registry.type_names()


def log(message: str) -> None:
    """Print `message` at level INFO in Caffe's log format."""
    first, _, text = message.partition("\n")
    engine_log.info("_caffe.cpp:68", first, text)


def init_log(level: int | None = None, to_stderr: bool = True) -> None:
    """Drop messages below `level` (0 INFO, 1 WARNING, 2 ERROR); without one nothing changes.

    Unlike Caffe, which after this call writes to files in /tmp unless `to_stderr`, the log goes on to standard error.
    """
    if level is not None:
        engine_log.set_minimum(level)
