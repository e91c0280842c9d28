"""Giving a field of one message the value that a field of another has."""

from __future__ import annotations

from ..messages import is_repeated


def assign(target, field: str, value) -> None:
    """Set `field` of the message `target` to `value`; to a repeated field, add `value` or all of its elements."""
    descriptor = target.DESCRIPTOR.fields_by_name[field]
    if is_repeated(descriptor):
        is_list = hasattr(value, "__len__") and not isinstance(value, str)
        getattr(target, field).extend(value if is_list else [value])
    elif descriptor.message_type:
        getattr(target, field).CopyFrom(value)
    else:
        setattr(target, field, value)
