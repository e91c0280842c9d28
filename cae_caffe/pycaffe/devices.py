"""The accelerators that PyTorch sees, in the lines of Caffe's tool `caffe device_query`."""

from __future__ import annotations

import torch

from ..engine import device, log
from ..errors import InputError

# Line of src/caffe/common.cpp, what it says, and where PyTorch keeps that. Not every PyTorch keeps all of it.
_PROPERTIES = (
    (179, "Major revision number:", "major"),
    (180, "Minor revision number:", "minor"),
    (181, "Name:", "name"),
    (182, "Total global memory:", "total_memory"),
    (183, "Total shared memory per block:", "shared_memory_per_block"),
    (185, "Warp size:", "warp_size"),
    (187, "Maximum threads per block:", "max_threads_per_block"),
    (194, "Clock rate:", "clock_rate"),
    (199, "Number of multiprocessors:", "multi_processor_count"),
)


def query(gpus: str = "all") -> None:
    """Log what is known of the devices `gpus`, "all" or numbers between commas.

    Raises InputError for a number that PyTorch has no device of.
    """
    log.info("caffe.cpp:138", f"Querying GPUs {gpus}")
    kind = device.accelerator()
    count = torch.cuda.device_count() if kind == "cuda" else int(kind is not None)
    if gpus != "all":
        numbers = [_number(word, count) for word in gpus.split(",")]
    elif count:
        numbers = list(range(count))
    else:
        log.info("common.cpp:174", "PyTorch sees no accelerator on this machine: neither CUDA nor Apple's MPS.")
        return
    for number in numbers:
        _report(number, is_mps=kind == "mps")


def _number(word: str, count: int) -> int:
    if not word.isdecimal() or int(word) >= count:
        raise InputError(f"-gpu {word}: PyTorch sees {count} accelerator(s) on this machine"
                         f"{', numbered from 0' if count else ''}; give the number of one, or leave the flag out.")
    return int(word)


def _report(number: int, is_mps: bool) -> None:
    _line(178, "Device id:", number)
    if is_mps:
        _line(181, "Name:", "Apple MPS")
        return
    properties = torch.cuda.get_device_properties(number)
    for line, label, attribute in _PROPERTIES:
        if hasattr(properties, attribute):
            _line(line, label, getattr(properties, attribute))


def _line(number: int, label: str, value) -> None:
    log.info(f"common.cpp:{number}", f"{label:<31}{value}")
