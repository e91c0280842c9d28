"""EasyDict of the package easydict: a dictionary whose values are its attributes, too."""

from __future__ import annotations

from typing import Any


class EasyDict(dict):
    """Dictionaries in it, also those in lists and tuples, become EasyDicts."""

    def __init__(self, values: Any = None, **further: Any):
        super().__init__()
        for name, value in dict(values or {}, **further).items():
            self[name] = value

    def __setitem__(self, name: Any, value: Any) -> None:
        super().__setitem__(name, _easy(value))

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this EasyDict has no {name!r}; it has {', '.join(map(repr, self))}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def update(self, *values: Any, **further: Any) -> None:
        """As dict.update."""
        for name, value in dict(*values, **further).items():
            self[name] = value

    def setdefault(self, name: Any, value: Any = None) -> Any:
        """As dict.setdefault."""
        if name not in self:
            self[name] = value
        return self[name]


def _easy(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)([_easy(each) for each in value])
    return EasyDict(value) if isinstance(value, dict) and not isinstance(value, EasyDict) else value
