"""The device that a run computes on."""

from __future__ import annotations

from typing import Any

from ..backend_protocol import Backend
from ..errors import InputError


def use_device(backend: Backend, gpu: str) -> None:
    """Set the mode for a `-gpu` flag: empty for the CPU, else the number of one GPU.

    Raises InputError for several GPUs, which this tool does not train on, and for what is no number.
    """
    if not gpu:
        backend.log("Use CPU.")
        backend.set_mode_cpu()
        return
    if not gpu.isdecimal():
        raise InputError(f"-gpu {gpu} is not the number of one GPU, such as 0; several at once are not supported. "
                         "Train other seeds on the other GPUs instead.")
    backend.log(f"Use GPU with device ID {gpu}")
    backend.set_device(int(gpu))
    backend.set_mode_gpu()


def gpu_of(param: Any, flag: str) -> str:
    """The GPU to use: the flag's, else the solver's own if it says `solver_mode: GPU` itself; empty for the CPU."""
    if flag or not param.HasField("solver_mode") or param.solver_mode != param.GPU:
        return flag
    return str(param.device_id)
