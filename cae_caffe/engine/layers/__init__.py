"""The layers, one family a file. Importing this package registers them all."""

from . import (accuracy, argmax, batch_norm, concat, contrastive_loss, convolution, crop, data, dropout, dummy_data,
               eltwise, embed, euclidean_loss, hdf5_data, hdf5_output, hinge_loss, im2col, image_data, infogain_loss,
               inner_product, input, lrn, memory_data, multinomial_logistic_loss, mvn, neuron, parameter, pointwise,
               pooling, prelu, python_layer, reduction, rows, scale, shape, sigmoid_cross_entropy_loss, silence,
               softmax, softmax_with_loss, split, spp, tile)

__all__ = ["accuracy", "argmax", "batch_norm", "concat", "contrastive_loss", "convolution", "crop", "data", "dropout",
           "dummy_data", "eltwise", "embed", "euclidean_loss", "hdf5_data", "hdf5_output", "hinge_loss", "im2col",
           "image_data", "infogain_loss", "inner_product", "input", "lrn", "memory_data", "multinomial_logistic_loss",
           "mvn", "neuron", "parameter", "pointwise", "pooling", "prelu", "python_layer", "reduction", "rows",
           "scale", "shape", "sigmoid_cross_entropy_loss", "silence", "softmax", "softmax_with_loss", "split", "spp",
           "tile"]
