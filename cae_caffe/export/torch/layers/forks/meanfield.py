"""MultiStageMeanfield, the layer of CRF-RNN."""

from __future__ import annotations

from ...modules.meanfield import CaffeMeanfield
from ...registry import exports
from ...writing import LayerWriter


@exports("MultiStageMeanfield")
def multi_stage_meanfield(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.multi_stage_meanfield_param
    return layer.apply(CaffeMeanfield, layer.bottom_shapes[0][1], param.num_iterations, param.theta_alpha,
                       param.theta_beta, param.theta_gamma, state={"spatial": 0, "bilateral": 1, "compatibility": 2})
