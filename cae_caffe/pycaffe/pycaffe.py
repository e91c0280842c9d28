"""`caffe.pycaffe`: the classes that scripts import from there."""

from ._caffe import (
                     NCCL,
                     AdaDeltaSolver,
                     AdaGradSolver,
                     AdamSolver,
                     NesterovSolver,
                     Net,
                     RMSPropSolver,
                     SGDSolver,
                     Timer,
)

__all__ = ["AdaDeltaSolver", "AdaGradSolver", "AdamSolver", "NCCL", "NesterovSolver", "Net", "RMSPropSolver",
           "SGDSolver", "Timer"]
