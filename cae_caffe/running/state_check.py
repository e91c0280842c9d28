"""The state of a net that a user asks for, its stages above all, against what the net's layers know."""

from __future__ import annotations

from .. import schema
from ..errors import InputError
from ..schema import net_state


def check_stages(net: schema.NetParameter, name: str, wanted: list[str]) -> None:
    """Raises InputError if a stage of `wanted` is in no rule of the layers of `net`, a NetParameter read from `name`.

    Caffe takes any stage, and a misspelt one silently means another net.
    """
    known = net_state.stages(net)
    for stage in wanted:
        if stage not in known:
            has = f"the stages of its layers are {', '.join(known)}" if known else "none of its layers asks for any"
            raise InputError(f"{name}: no layer of this net knows the stage `{stage}`; {has}.")


def check_state(net: schema.NetParameter, model: str, phase: str, level: int, stages: list[str]) -> None:
    """Raises InputError if `net`, read from the prototxt `model`, knows none of the stages asked for, or has bottoms
    without a source in that state.
    """
    check_stages(net, model, stages)
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
    produced = set()
    for layer in kept.layer:
        missing = [blob for blob in layer.bottom if blob not in produced]
        if missing:
            state = in_state.state
            stages = [stage for stage in state.stage if stage]
            remedy = f"give -stage with one of {', '.join(known)}" if known else "correct the name, or the phase"
            raise InputError(f"{name}: in phase {schema.Phase.Name(state.phase)}, level {state.level} and "
                             f"{'stage ' + ','.join(stages) if stages else 'no stage'}, no layer produces "
                             f"`{missing[0]}`, a bottom of layer `{layer.name}`; {remedy}.")
        produced.update(layer.top)
