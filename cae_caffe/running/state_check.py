"""The state of a net that a user asks for, its stages above all, against what the net's layers know."""

from __future__ import annotations

from .. import glog, schema
from ..errors import InputError
from ..graph import remedy_for
from ..schema import net_state

PLACE = "caffe.cpp:198"         # where Caffe's tool makes the net


def warn_of_state(net: schema.NetParameter, name: str, level: int, stages: list[str]) -> None:
    """Log a warning for each of `stages`, and for a `level`, that no rule of `net`, read from the file `name`, has.

    Caffe takes any without a word, and a misspelt one silently means another net.
    """
    known = net_state.stages(net)
    for stage in stages:
        if stage and stage not in known:
            has = f"the stages of its layers are {', '.join(known)}" if known else "none of its layers asks for any"
            glog.warning(PLACE, f"{name}: no layer of this net knows the stage `{stage}`; {has}.")
    if level and not net_state.has_levels(net):
        glog.warning(PLACE, f"{name}: no layer of this net asks for a level, so level {level} changes nothing.")


def check_state(net: schema.NetParameter, model: str, phase: str, level: int, stages: list[str]) -> None:
    """Log a warning for what `net`, read from the prototxt `model`, does not know of the state asked for.

    Raises InputError if the net has bottoms without a source in that state.
    """
    warn_of_state(net, model, level, stages)
    check_sources(net, model, schema.NetState(phase=schema.Phase.Value(phase), level=level, stage=stages))


def check_sources(net: schema.NetParameter, name: str, state: schema.NetState) -> None:
    """Raises InputError if `net`, a NetParameter read from `name`, has bottoms without a source in `state`, a NetState.

    What the net itself says of its state counts too, as far as `state` is silent.
    """
    known = net_state.stages(net)
    in_state = schema.NetParameter()
    in_state.CopyFrom(net)
    in_state.state.MergeFrom(state)
    kept, _ = net_state.filtered(in_state, [None] * len(net.layer))
    if not kept.layer:
        where = f"in phase {schema.Phase.Name(in_state.state.phase)} " if net.layer else ""
        raise InputError(f"{name}: the net has no layers {where}to run, and Caffe runs none without; name a net's "
                         "prototxt, or correct the `include` and `exclude` rules of its layers.")
    produced = set()
    for number, layer in enumerate(kept.layer):
        missing = [blob for blob in layer.bottom if blob not in produced]
        if missing:
            state = in_state.state
            stages = [stage for stage in state.stage if stage]
            if any(missing[0] in other.top for other in net.layer) and known:
                remedy = f"give -stage with one of {', '.join(known)}"
            else:
                remedy = remedy_for(missing[0], kept.layer, number) or "correct the name, or the phase"
            raise InputError(f"{name}: in phase {schema.Phase.Name(state.phase)}, level {state.level} and "
                             f"{'stage ' + ','.join(stages) if stages else 'no stage'}, no layer produces "
                             f"`{missing[0]}`, a bottom of layer `{layer.name}`; {remedy}.")
        produced.update(layer.top)
