"""Training allocates its blobs once: neither Python's nor PyTorch's memory grows with the number of iterations."""

import gc
import tracemalloc

import h5py
import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cae_caffe import schema
from cae_caffe.engine.solvers import Solver

NET = """
layer { name: "data" type: "HDF5Data" top: "data" hdf5_data_param { source: "LIST" batch_size: 20 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
        convolution_param { num_output: 4 kernel_size: 9 weight_filler { type: "xavier" } } }
layer { name: "sig" type: "Sigmoid" bottom: "conv" top: "sig" }
layer { name: "code" type: "InnerProduct" bottom: "sig" top: "code"
        inner_product_param { num_output: 50 weight_filler { type: "xavier" } } }
layer { name: "codesig" type: "Sigmoid" bottom: "code" top: "codesig" }
layer { name: "ip" type: "InnerProduct" bottom: "codesig" top: "ip"
        inner_product_param { num_output: 784 weight_filler { type: "xavier" } } }
layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }
layer { name: "loss" type: "SigmoidCrossEntropyLoss" bottom: "ip" bottom: "flat" top: "loss" }
"""


class Allocations(TorchDispatchMode):
    """The largest new tensor that an operation returned."""

    largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        given = {value.untyped_storage().data_ptr() for value in [*args, *(kwargs or {}).values()]
                 if isinstance(value, torch.Tensor)}
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.untyped_storage().data_ptr() not in given:
            self.largest = max(self.largest, result.untyped_storage().nbytes())
        return result


def _solver(folder):
    with h5py.File(str(folder / "images.h5"), "w") as file:
        file["data"] = np.random.RandomState(0).rand(50, 1, 28, 28).astype(np.float32)
    (folder / "list.txt").write_text(f"{folder / 'images.h5'}\n")
    solver = schema.parse_solver('base_lr: 0.01 lr_policy: "fixed" momentum: 0.9 weight_decay: 0.001 random_seed: 1')
    solver.net_param.CopyFrom(schema.parse_net(NET.replace("LIST", str(folder / "list.txt"))))
    return Solver(solver)


def test_pythons_memory_does_not_grow_with_the_iterations(tmp_path):
    solver = _solver(tmp_path)
    solver.step(20)
    tracemalloc.start()
    try:
        solver.step(20)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        solver.step(200)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000         # 100 bytes an iteration, a tenth of the smallest blob a step, would be a leak


def test_a_step_makes_no_tensor_as_large_as_a_blob(tmp_path):
    solver = _solver(tmp_path)
    solver.step(3)
    with Allocations() as allocations:
        solver.step(2)
    smallest_activation = 20 * 50 * 4
    assert allocations.largest < smallest_activation
