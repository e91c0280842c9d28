"""PriorBox and DetectionOutput, of SSD."""

from __future__ import annotations

from typing import Any

from ...modules.ssd import CaffeDetectionOutput, CaffePriorBox, CaffeShrinkingDetectionOutput
from ...registry import exports
from ...writing import LayerWriter


@exports("PriorBox")
def prior_box(layer: LayerWriter) -> str:
    """A module of its own, for maps and images of any size."""
    settings, param = layer.layer, layer.param.prior_box_param
    options: dict[str, Any] = {"offset": param.offset} if param.offset != 0.5 else {}
    if settings.steps:
        options["step"] = tuple(settings.steps)
    if settings.image_size:
        options["image_size"] = tuple(settings.image_size)
    if param.clip:
        options["clip"] = True
    return layer.apply(CaffePriorBox, min_sizes=tuple(settings.min_sizes), max_sizes=tuple(settings.max_sizes),
                       ratios=tuple(settings.ratios), variances=tuple(settings.variances), **options)


@exports("DetectionOutput")
def detection_output(layer: LayerWriter) -> str:
    """A module of its own. The files of `save_output_param` are not written."""
    settings, param = layer.layer, layer.param.detection_output_param
    options: dict[str, Any] = {}
    if param.background_label_id:
        options["background"] = param.background_label_id
    options["code_type"] = param.code_type
    if param.variance_encoded_in_target:
        options["variance_in_target"] = True
    if param.has("confidence_threshold"):
        options["confidence_threshold"] = param.confidence_threshold
    options["nms_threshold"] = param.nms_param.nms_threshold
    limits = {"top_k": settings.top_k, "keep_top_k": param.keep_top_k}
    options |= {name: most for name, most in limits.items() if most >= 0}
    kind: type[CaffeDetectionOutput] = CaffeDetectionOutput
    if param.nms_param.eta < 1:
        kind, options["eta"] = CaffeShrinkingDetectionOutput, param.nms_param.eta
    loc, conf, priors = layer.bottoms[:3]
    return f"{layer.module(kind, settings.classes, **options)}({loc}, {conf}, {priors})"
