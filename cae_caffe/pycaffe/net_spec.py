"""`caffe.net_spec`: see cae_caffe.net_spec, which does not need PyTorch."""

from collections import Counter, OrderedDict

from ..net_spec import (
    Function,
    Layers,
    NetSpec,
    Parameters,
    Top,
    assign_proto,
    layers,
    param_name_dict,
    params,
    to_proto,
)
from .proto import caffe_pb2

__all__ = ["Counter", "Function", "Layers", "NetSpec", "OrderedDict", "Parameters", "Top", "assign_proto", "caffe_pb2",
           "layers", "param_name_dict", "params", "to_proto"]
