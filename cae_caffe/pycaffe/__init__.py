"""pycaffe's surface over the embedded engine: the names, arguments and results of `import caffe`.

    from cae_caffe import pycaffe as caffe
    net = caffe.Net("deploy.prototxt", caffe.TEST, weights="net.caffemodel")
    net.blobs["data"].data[...] = images
    net.forward()
"""

from ..wait_policy import wait_passively

wait_passively()        # before anything below imports PyTorch

from .blob import Blob  # noqa: E402
from .layer import Layer
from .logging import init_log, log
from .mode import layer_type_list, set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from .net import TEST, TRAIN, Net
from .solver import SGDSolver, Solver, get_solver

__version__ = "1.0.0"        # of the Caffe whose surface this is

__all__ = ["Blob", "Layer", "Net", "SGDSolver", "Solver", "TEST", "TRAIN", "get_solver", "init_log",
           "layer_type_list", "log", "set_device", "set_mode_cpu", "set_mode_gpu", "set_random_seed"]
