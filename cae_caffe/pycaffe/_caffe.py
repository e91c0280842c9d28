"""`caffe._caffe`: the names that Caffe's compiled module has."""

from .blob import Blob
from .blob_vec import BlobVec
from .layer import Layer
from .mode import init_log, layer_type_list, log, set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from .net import Net
from .parallel import NCCL, has_nccl, set_multiprocess, set_solver_count, set_solver_rank, solver_count, solver_rank
from .solver import (
    AdaDeltaSolver,
    AdaGradSolver,
    AdamSolver,
    NesterovSolver,
    RMSPropSolver,
    SGDSolver,
    Solver,
    SolverParameter,
    get_solver,
)
from .timer import Timer

__version__ = "1.0.0"        # of the Caffe whose surface this is

__all__ = [
    "NCCL",
    "AdaDeltaSolver",
    "AdaGradSolver",
    "AdamSolver",
    "Blob",
    "BlobVec",
    "Layer",
    "NesterovSolver",
    "Net",
    "RMSPropSolver",
    "SGDSolver",
    "Solver",
    "SolverParameter",
    "Timer",
    "get_solver",
    "has_nccl",
    "init_log",
    "layer_type_list",
    "log",
    "set_device",
    "set_mode_cpu",
    "set_mode_gpu",
    "set_multiprocess",
    "set_random_seed",
    "set_solver_count",
    "set_solver_rank",
    "solver_count",
    "solver_rank",
]
