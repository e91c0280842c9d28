"""Proposal, of PVANET, and py-faster-rcnn's rpn.proposal_layer, of which this package has its own."""

from __future__ import annotations

from typing import Any

from .....pycaffe.shims import boxes
from .....pycaffe.shims.proposal_layer import ProposalLayer
from ...modules.proposal import CaffeProposal, CaffeProposalLayer
from ...registry import Inexpressible, exports
from ...writing import LayerWriter


@exports("Proposal")
def proposal(layer: LayerWriter) -> str:
    """A module of its own."""
    param = layer.param.proposal_param
    return layer.apply(
        CaffeProposal, param.feat_stride, ratios=tuple(param.ratio), scales=tuple(param.scale),
        base_size=param.base_size, min_size=param.min_size, pre_nms_topn=param.pre_nms_topn,
        post_nms_topn=param.post_nms_topn, nms_thresh=param.nms_thresh, **_scores(layer))


@exports("Python")
def proposal_layer(layer: LayerWriter) -> str:
    """A module of its own for py-faster-rcnn's ProposalLayer; it takes any batch."""
    its = layer.layer.object
    if not isinstance(its, ProposalLayer):
        raise Inexpressible("Python layers are code, of which only this package's own rpn.proposal_layer can be "
                            "exported")
    ratios, scales = (tuple(map(float, sides)) for sides in boxes.sides(its.options))
    settings = its.settings
    return layer.apply(
        CaffeProposalLayer, boxes.number(its.options, "feat_stride"), ratios=ratios, scales=scales,
        base_size=boxes.BASE_SIZE, min_size=settings.least, pre_nms_topn=settings.before, post_nms_topn=settings.after,
        nms_thresh=settings.overlap, **_scores(layer))


def _scores(layer: LayerWriter) -> dict[str, Any]:
    return {"return_scores": True} if len(layer.top_shapes) > 1 else {}
