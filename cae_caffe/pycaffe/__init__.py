"""pycaffe's surface over the embedded engine: the names, arguments and results of `import caffe`.

    from cae_caffe import pycaffe as caffe
    net = caffe.Net("deploy.prototxt", caffe.TEST, weights="net.caffemodel")
    net.blobs["data"].data[...] = images
    net.forward()

After `install()`, `import caffe` means it too.
"""

# ruff: noqa: E402 -- threads must be told how to wait before anything below imports PyTorch

from ..wait_policy import wait_passively

wait_passively()

from . import former, io, net_spec, proto, pycaffe
from ._caffe import (
    NCCL,
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    Blob,
    Layer,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    Solver,
    Timer,
    __version__,
    get_solver,
    has_nccl,
    init_log,
    layer_type_list,
    log,
    set_device,
    set_mode_cpu,
    set_mode_gpu,
    set_multiprocess,
    set_random_seed,
    set_solver_count,
    set_solver_rank,
    solver_count,
    solver_rank,
)
from .classifier import Classifier
from .detector import Detector
from .installation import install
from .net import TEST, TRAIN, Net
from .net_spec import NetSpec, layers, params, to_proto
from .solver import solve_together, solver_from_message


def __getattr__(name: str):
    raise former.missing(f"module {__name__!r}", name)


__all__ = [
    "NCCL",
    "TEST",
    "TRAIN",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "Classifier",
    "Detector",
    "Layer",
    "NesterovSolver",
    "Net",
    "NetSpec",
    "RMSPropSolver",
    "SGDSolver",
    "Solver",
    "Timer",
    "__version__",
    "get_solver",
    "has_nccl",
    "init_log",
    "install",
    "io",
    "layer_type_list",
    "layers",
    "log",
    "net_spec",
    "params",
    "proto",
    "pycaffe",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "solve_together",
    "solver_count",
    "solver_from_message",
    "solver_rank",
    "to_proto",
]
