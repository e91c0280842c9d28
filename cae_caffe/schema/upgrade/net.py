"""The upgrades of a net, one after the other."""

from __future__ import annotations

from ..forks import dialects
from .inputs import needs_input_upgrade, upgrade_inputs
from .transformation import needs_transformation_upgrade, upgrade_transformation
from .v0 import needs_v0_upgrade, upgrade_v0
from .v1 import needs_v1_upgrade, upgrade_v1


def upgrade_net(net, name: str = "<net>", fork: str | None = None) -> bool:
    """Bring `net` (NetParameter) to Caffe 1.0's form, in place; `name` stands for its file in messages. `fork` is the
    fork of Caffe that the file says it is for, if it says so; see forks/dialects.py.

    Returns whether all of it has a place there. What has none is left out, as Caffe does, with a warning in the log.
    Raises InputError where Caffe would abort: an unknown type of layer, `layer` and `layers` in one net, padding
    before a layer that cannot pad, an input without dimensions.
    Source: Caffe's UpgradeNetAsNeeded.
    """
    complete = True
    if needs_v0_upgrade(net):
        complete = upgrade_v0(net, name)
    if needs_transformation_upgrade(net):
        upgrade_transformation(net)
    is_older = needs_v1_upgrade(net)
    if is_older:
        upgrade_v1(net, name)
    if needs_input_upgrade(net):
        upgrade_inputs(net, name)
    _upgrade_batch_norm(net)
    dialects.tell(net, fork)
    if any(layer.type == "Crop" for layer in net.layer):
        _upgrade_crops(net, name, is_older or dialects.aligns_crops(net, fork))     # Caffe 1.0's `layers` have no Crop
    return complete


def _upgrade_crops(net, name: str, they_align: bool) -> None:
    from . import aligned_crops  # takes time to import, and few nets have such layers

    if they_align:
        aligned_crops.align(net, name)
    else:
        aligned_crops.doubt(net, name)


def _upgrade_batch_norm(net) -> None:
    """Set lr_mult and decay_mult to 0 in each BatchNorm layer of `net` that has exactly three `param` blocks.

    Those were once needed, to keep its statistics from being learnt.
    """
    for layer in net.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:
            for param in layer.param:
                param.lr_mult = param.decay_mult = 0
