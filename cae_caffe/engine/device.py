"""Where tensors live: Caffe's process-wide mode (CPU or GPU) and device number, as a torch.device."""

from __future__ import annotations

import os

import torch

from ..errors import InputError
from . import log

VARIABLE, FALLBACK = "CAE_CAFFE_GPU", "fallback"

_mode = "cpu"
_number = 0


def set_mode_cpu() -> None:
    """Blobs made from now on live in the machine's memory. This is the mode at the start."""
    global _mode
    _mode = "cpu"


def set_mode_gpu() -> None:
    """Blobs made from now on live on the accelerator that `set_device` named, 0 unless told.

    Where PyTorch sees none (CUDA, or Apple's MPS), it is an InputError, unless the variable CAE_CAFFE_GPU is
    `fallback`: then the mode is the CPU's, with a warning in the log.
    """
    global _mode
    if accelerator() is None:
        if os.environ.get(VARIABLE) == FALLBACK:
            log.warning("common.cpp:66", "GPU mode was asked for, and PyTorch sees no accelerator: running on the CPU, "
                                         f"as {VARIABLE}={FALLBACK} says.")
            set_mode_cpu()
            return
        raise InputError("GPU mode was asked for, but PyTorch sees neither a CUDA device nor Apple's MPS on this "
                         "machine; use CPU mode (leave out -gpu, or solver_mode: CPU; caffe.set_mode_cpu() in a "
                         f"script), set the variable {VARIABLE}={FALLBACK} to run on the CPU where a GPU is asked for, "
                         "or install a PyTorch build for your accelerator.")
    _mode = "gpu"


def set_device(number: int) -> None:
    """Choose the accelerator for GPU mode by its number.

    Raises InputError if there are fewer; in CPU mode on a machine without one, any number is accepted, as in Caffe.
    """
    global _number
    if torch.cuda.is_available() and not 0 <= number < torch.cuda.device_count():
        raise InputError(f"GPU {number} was asked for, but PyTorch sees {torch.cuda.device_count()} CUDA device(s), "
                         "numbered from 0; give one of those.")
    _number = number


def accelerator() -> str | None:
    """The kind of accelerator PyTorch sees: `cuda`, `mps` or None."""
    if torch.cuda.is_available():
        return "cuda"
    if torch.backends.mps.is_available():
        return "mps"
    return None


def mode() -> str:
    """`cpu` or `gpu`."""
    return _mode


def current() -> torch.device:
    """The device on which blobs are made now."""
    if _mode == "cpu":
        return torch.device("cpu")
    return torch.device("cuda", _number) if accelerator() == "cuda" else torch.device("mps")
