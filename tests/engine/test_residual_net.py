"""A small residual net of the layers that such nets have, most of them in place, trained beside real Caffe.

Its convolutions have no bias: normalization takes it away again, so that its gradient would be rounding alone.
"""

from __future__ import annotations

import pytest
import small_training
import two_engines
from small_training import parameters

NET = """
name: "residual"
layer { name: "data" type: "HDF5Data" top: "data" hdf5_data_param { source: "train.txt" batch_size: 8 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv"
  convolution_param { num_output: 6 kernel_size: 3 pad: 1 bias_term: false weight_filler { type: "msra" } } }
layer { name: "norm" type: "BatchNorm" bottom: "conv" top: "conv" batch_norm_param { moving_average_fraction: 0.9 } }
layer { name: "scale" type: "Scale" bottom: "conv" top: "conv" scale_param { bias_term: true } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "branch" type: "Convolution" bottom: "conv" top: "branch"
  convolution_param { num_output: 6 kernel_size: 3 pad: 1 bias_term: false weight_filler { type: "msra" } } }
layer { name: "branchnorm" type: "BatchNorm" bottom: "branch" top: "branchnorm" }
layer { name: "branchscale" type: "Scale" bottom: "branchnorm" top: "branchnorm" scale_param { bias_term: true } }
layer { name: "sum" type: "Eltwise" bottom: "conv" bottom: "branchnorm" top: "sum" }
layer { name: "prelu" type: "PReLU" bottom: "sum" top: "sum" }
layer { name: "maximum" type: "Eltwise" bottom: "conv" bottom: "sum" top: "maximum" eltwise_param { operation: MAX } }
layer { name: "concat" type: "Concat" bottom: "sum" bottom: "maximum" top: "concat" }
layer { name: "drop" type: "Dropout" bottom: "concat" top: "concat" dropout_param { dropout_ratio: 0.2 } }
layer { name: "ip" type: "InnerProduct" bottom: "concat" top: "ip"
  inner_product_param { num_output: 12 weight_filler { type: "xavier" } } }
layer { name: "flat" type: "Flatten" bottom: "data" top: "flat" }
layer { name: "loss" type: "EuclideanLoss" bottom: "ip" bottom: "flat" top: "loss" }
"""
SOLVER = "momentum: 0.9 weight_decay: 0.001 base_lr: 0.01 test_iter: 2 test_interval: 10 iter_size: 2"


def train(caffe, iterations):
    solver = caffe.get_solver("solver.prototxt")
    start = parameters(solver.net)
    solver.step(iterations)
    test = solver.test_nets[0]
    test.share_with(solver.net)
    test.forward()
    return start, parameters(solver.net), test.blobs["ip"].data.copy()


@pytest.mark.parametrize("iterations", [1, 50])
def test_training_and_testing_with_averages(iterations, real_caffe, tmp_path):
    small_training.write(tmp_path, SOLVER, NET)
    real, embedded = two_engines.on_both(real_caffe, train, tmp_path, uses=[parameters], iterations=iterations)
    small_training.assert_close(embedded[0], real[0], 0, "first parameters")
    # What batch normalization divides by, and which side of zero a rectifier sees, turn rounding into a little more.
    small_training.assert_close(embedded[1], real[1], 1e-5 if iterations == 1 else 1e-4, "parameters")
    small_training.assert_close([embedded[2]], [real[2]], 1e-5 if iterations == 1 else 1e-4, "tested")
