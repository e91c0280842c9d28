"""Nets written in Python, in the manner of Caffe's own net_spec: assigning a top names the blob and the layer.

    from cae_caffe.net_spec import NetSpec, layers as L, params as P
    n = NetSpec()
    n.data, n.label = L.HDF5Data(source="train.txt", batch_size=100, ntop=2)
    n.ip = L.InnerProduct(n.data, num_output=10, weight_filler=dict(type="xavier"))
    n.loss = L.SoftmaxWithLoss(n.ip, n.label)
    print(n.to_proto())

Beyond Caffe's own: Deconvolution, Im2col, the losses and the recurrent layers take their parameters as plain keywords
too, and data layers those of `transform_param`; a misspelt parameter or value is an error where it is written, and a
type that Caffe lacks a warning.
"""

from ..schema.layer_types import LAYER_TYPES
from .assign import assign_proto
from .errors import UnknownNameError, WrongValueError
from .factories import Layers, Parameters, layers, params
from .fields import param_name_dict
from .layer_types import add_layer_type
from .spec import Function, NetSpec, Top, to_proto

__all__ = [
           "LAYER_TYPES",
           "Function",
           "Layers",
           "NetSpec",
           "Parameters",
           "Top",
           "UnknownNameError",
           "WrongValueError",
           "add_layer_type",
           "assign_proto",
           "layers",
           "param_name_dict",
           "params",
           "to_proto",
]
