"""The layers, one family a file. Importing this package registers them all."""

from . import (convolution, euclidean_loss, hdf5_data, inner_product, input, neuron, shape, sigmoid_cross_entropy_loss,
               silence, split)

__all__ = ["convolution", "euclidean_loss", "hdf5_data", "inner_product", "input", "neuron", "shape",
           "sigmoid_cross_entropy_loss", "silence", "split"]
