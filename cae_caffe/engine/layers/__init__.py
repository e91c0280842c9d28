"""The layers, one family a file. Importing this package registers them all."""

from . import (accuracy, contrastive_loss, convolution, euclidean_loss, hdf5_data, hinge_loss, infogain_loss,
               inner_product, input, lrn, multinomial_logistic_loss, neuron, pooling, shape,
               sigmoid_cross_entropy_loss, silence, softmax, softmax_with_loss, split)

__all__ = ["accuracy", "contrastive_loss", "convolution", "euclidean_loss", "hdf5_data", "hinge_loss", "infogain_loss",
           "inner_product", "input", "lrn", "multinomial_logistic_loss", "neuron", "pooling", "shape",
           "sigmoid_cross_entropy_loss", "silence", "softmax", "softmax_with_loss", "split"]
