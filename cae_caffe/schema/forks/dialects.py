"""Names that mean two things in two forks, and how a net says which of them it means.

A layer tells by its own fields, bottoms and blobs. Where those of a BN layer do not tell, the net's other BN layers
do, then a line `# fork: NAME` in the net's file, then the fork that the user named (`--fork NAME`). What they tell is
written into the layer's fields, so that what is made of the net says it again. Of ImageLabelmapData's labels the loss
tells that they are compared in. A Crop layer's fields never tell: it is Caffe 1.0's, unless the file, by its age or its
comment, or the user says otherwise. HED's Caffe, known by its name or by its data layer, has such a Crop, too, and a
SigmoidCrossEntropyLoss that is another, as DeepSkeleton's has a SoftmaxWithLoss; here they get names of their own.
"""

from __future__ import annotations

import os
import re

from ...errors import InputError

VARIABLE = "CAE_CAFFE_FORK"
# By the fork's name, the field of BNParameter that tells its BN, and a value that changes nothing.
_TOLD = {"segnet": ("bn_mode", 0), "pspnet": ("frozen", False)}
_HED = "hed"
_ALIGNING = ("fcn", _HED)       # whose Crop aligns its bottoms (upgrade/aligned_crops.py)
NAMES = (*_TOLD, *_ALIGNING)
_HEDS_DATA = "ImageLabelmapData"        # which only HED's Caffe has, and DeepSkeleton's that is made of it
_CRF_RNNS = "MultiStageMeanfield"       # which only CRF-RNN's Caffe has
_HEDS_LOSS = {"SigmoidCrossEntropyLoss": "ClassBalancedSigmoidCrossEntropyLoss"}
_SKELETONS_LOSS = "ClassBalancedSoftmaxWithLoss"        # what DeepSkeleton's SoftmaxWithLoss is called here
_SEGNETS = ("scale_filler", "shift_filler", "bn_mode")
_PSPNETS = ("slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine")
_COMMENT = re.compile(r"^[ \t]*#[ \t]*fork:[ \t]*(\S*)[ \t]*([^\r\n]*)\r?$", re.MULTILINE | re.IGNORECASE)
_BLOBS = {2: "segnet", 4: "pspnet"}     # of a BN layer, by their number


def name(fork: str) -> None:
    """Name the fork that nets mean where they do not tell, in this process and those that it starts.

    Raises InputError for a fork that has no such name.
    """
    os.environ[VARIABLE] = _known(fork, "--fork")


def named(text: str, file_name: str) -> str | None:
    """The fork that a net's text names in a comment, or None. Raises InputError for an unknown one, or for two.

    More words may follow; but where the first is no fork's name, such a comment is about something else.
    """
    found = {match[1].lower(): text.count("\n", 0, match.start()) + 1 for match in _COMMENT.finditer(text)
             if match[1].lower() in NAMES or not match[2]}
    if len(found) > 1:
        places = " and ".join(f"`{fork}` (line {line})" for fork, line in found.items())
        raise InputError(f"{file_name}: comments name the forks {places}; a net has one, so leave the other out.")
    return next((_known(fork, f"{file_name}:{line}: the comment `# fork:`") for fork, line in found.items()), None)


def tell(net, fork: str | None) -> None:
    """Write into the layers of `net`, in place, which fork's they are, as far as it can be told.

    `fork` is the one that the net's file names, if it names one.
    """
    _tell_bns(net, fork)
    _tell_label_maps(net)
    if _is_heds(net, fork):
        for layer in net.layer:
            layer.type = _HEDS_LOSS.get(layer.type, layer.type)


def aligns_crops(net, fork: str | None) -> bool:
    """Whether the net is for a Caffe whose Crop layers align their bottoms."""
    whose = meant(fork)
    is_crf_rnns = whose is None and any(layer.type == _CRF_RNNS for layer in net.layer)
    return whose in _ALIGNING or is_crf_rnns or _is_heds(net, fork)


def _is_heds(net, fork: str | None) -> bool:
    whose = meant(fork)
    return whose == _HED or (whose is None and any(layer.type == _HEDS_DATA for layer in net.layer))


def _tell_bns(net, fork: str | None) -> None:
    layers = [layer for layer in net.layer if layer.type == "BN"]
    told = [of_bn(layer) for layer in layers]
    if all(told):
        return
    others = {name for name in told if name}
    whose = others.pop() if len(others) == 1 else meant(fork)
    for layer, name_of_layer in zip(layers, told):
        if name_of_layer is None and whose in _TOLD:
            field, value = _TOLD[whose]
            setattr(layer.bn_param, field, value)


def _tell_label_maps(net) -> None:
    """Those whose labels a softmax compares with are DeepSkeleton's, with scales for classes, not HED's with edges; and
    so are all of the net's losses by a softmax.
    """
    losses = [layer for layer in net.layer if layer.type in ("SoftmaxWithLoss", _SKELETONS_LOSS)]
    compared = {name for layer in losses for name in layer.bottom[1:2]}
    skeletons = [layer for layer in net.layer if layer.type == _HEDS_DATA and compared.intersection(layer.top[1:2])]
    for layer in skeletons:
        layer.image_data_param.labelmap_scales = True
    for layer in losses if skeletons else ():
        layer.type = _SKELETONS_LOSS


def of_bn(layer) -> str | None:
    """Which fork's a BN layer (LayerParameter) is by its fields and blobs, or None."""
    fields = {field.name for field, _ in layer.bn_param.ListFields()}
    if fields.intersection(_SEGNETS):
        return "segnet"
    if fields.intersection(_PSPNETS):
        return "pspnet"
    return _BLOBS.get(len(layer.blobs)) or _BLOBS.get(len(layer.param))


def meant(fork: str | None) -> str | None:
    """The fork that a net's file names, `fork`, or else the one that the user names. Raises InputError as `name`."""
    by_user = os.environ.get(VARIABLE)
    return fork or (_known(by_user, f"The environment's {VARIABLE}") if by_user else None)


def _known(fork: str, place: str) -> str:
    if fork not in NAMES:
        raise InputError(f"{place} names the fork `{fork}`; where a net's own fields do not tell, these forks can be "
                         f"named: {', '.join(NAMES)}.")
    return fork
