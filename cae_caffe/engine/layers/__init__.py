"""The layers, one family a file. Importing this package registers them all."""

from . import (accuracy, argmax, batch_norm, concat, contrastive_loss, convolution, crop, dropout, eltwise, embed,
               euclidean_loss, hdf5_data, hinge_loss, im2col, infogain_loss, inner_product, input, lrn,
               multinomial_logistic_loss, mvn, neuron, parameter, pointwise, pooling, prelu, reduction, rows, scale,
               shape, sigmoid_cross_entropy_loss, silence, softmax, softmax_with_loss, split, spp, tile)

__all__ = ["accuracy", "argmax", "batch_norm", "concat", "contrastive_loss", "convolution", "crop", "dropout",
           "eltwise", "embed", "euclidean_loss", "hdf5_data", "hinge_loss", "im2col", "infogain_loss",
           "inner_product", "input", "lrn", "multinomial_logistic_loss", "mvn", "neuron", "parameter", "pointwise",
           "pooling", "prelu", "reduction", "rows", "scale", "shape", "sigmoid_cross_entropy_loss", "silence",
           "softmax", "softmax_with_loss", "split", "spp", "tile"]
