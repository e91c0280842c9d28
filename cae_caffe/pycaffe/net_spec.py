"""`caffe.net_spec`: see cae_caffe.net_spec, which does not need PyTorch."""

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

__all__ = ["Function", "Layers", "NetSpec", "Parameters", "Top", "assign_proto", "layers", "param_name_dict", "params",
           "to_proto"]
