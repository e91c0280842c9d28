"""The stages that a user asks for, against those that a net knows."""

from __future__ import annotations

from typing import List

from ..errors import InputError
from ..schema import net_state


def check_stages(net, name: str, wanted: List[str]) -> None:
    """Raises InputError if a stage of `wanted` is in no rule of the layers of `net`, a NetParameter read from `name`.

    Caffe takes any stage, and a misspelt one silently means another net.
    """
    known = net_state.stages(net)
    for stage in wanted:
        if stage not in known:
            has = f"the stages of its layers are {', '.join(known)}" if known else "none of its layers asks for any"
            raise InputError(f"{name}: no layer of this net knows the stage `{stage}`; {has}.")
