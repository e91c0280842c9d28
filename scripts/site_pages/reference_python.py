"""The reference of the Python names: of every package that says by `__all__` what it offers, from the docstrings."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from types import ModuleType

import cae_caffe

_SIGNATURE_LINE = 88        # the length from which a signature stands on several lines


def texts() -> dict:
    """The functions that make a package's page, by its name without `cae_caffe.`; the package itself is first."""
    names = ["cae_caffe", *(f"cae_caffe.{module.name}" for module in pkgutil.iter_modules(cae_caffe.__path__)
                            if module.ispkg)]
    return {name.replace("cae_caffe.", ""): functools.partial(_page, name) for name in names
            if getattr(importlib.import_module(name), "__all__", None)}


def _page(name: str) -> str:
    package = importlib.import_module(name)
    entries = [_entry(package, each) for each in sorted(package.__all__, key=str.lower)]
    return f"# {name}\n\n{_prose(inspect.getdoc(package))}\n\n" + "\n".join(entry for entry in entries if entry)


def _entry(package: ModuleType, name: str) -> str:
    thing, heading = getattr(package, name), name.replace("_", r"\_")
    if inspect.ismodule(thing):
        return f"## {heading}\n\nA module: {_prose(inspect.getdoc(thing))}\n"
    if inspect.isclass(thing):
        return f"## {heading}\n\n{_signature(name, thing)}{_prose(_own_doc(thing))}\n{_members(package, thing)}"
    if callable(thing):
        return f"## {heading}\n\n{_signature(name, thing)}{_prose(inspect.getdoc(thing))}\n"
    return f"## {heading}\n\n{_value(thing)}\n"


def _members(package: ModuleType, thing: type) -> str:
    """The documented methods and properties of the class itself and of the bases that have no entry of their own."""
    lines: list[str] = []
    named = [base for base in thing.__mro__[1:] if base.__name__ in package.__all__]
    inherited = {name for base in named for name in dir(base)} - set(vars(thing))
    for name in sorted(name for name in dir(thing) if not name.startswith("_") and name not in inherited):
        member = inspect.getattr_static(thing, name)
        if isinstance(member, property | functools.cached_property):
            doc, call = inspect.getdoc(member), name
        elif isinstance(member, classmethod | staticmethod) or inspect.isfunction(member):
            doc, call = inspect.getdoc(getattr(thing, name)), name + _short_signature(getattr(thing, name))
        else:
            continue
        if doc:
            lines.append(f"- **`{call}`** {' '.join(_prose(doc).split())}\n")
    if named:
        lines.append(f"- and what `{named[0].__name__}` has\n")
    return "\n" + "".join(lines) if lines else ""


def _signature(name: str, thing) -> str:
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return ""
    signature = signature.replace(
        parameters=[each.replace(annotation=_verbatim(each.annotation)) for each in signature.parameters.values()],
        return_annotation=_verbatim(signature.return_annotation))
    call = f"{name}{signature}"
    if len(call) > _SIGNATURE_LINE:
        call = f"{name}(\n" + "".join(f"    {each},\n" for each in signature.parameters.values()) + ")"
    return f"```python\n{call}\n```\n\n"


class _Verbatim:
    """An annotation that is kept as text, shown without quotes."""

    def __init__(self, text: str):
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _verbatim(annotation):
    return _Verbatim(annotation) if isinstance(annotation, str) else annotation


def _short_signature(thing) -> str:
    try:
        names = inspect.signature(thing).parameters
    except (TypeError, ValueError):
        return "(...)"
    return f"({', '.join(name for name in names if name not in {'self', 'cls'})})"


def _own_doc(thing: type) -> str | None:
    """The class's docstring; none for the one that `dataclass` makes of the signature."""
    doc = inspect.getdoc(thing)
    return None if doc is None or (doc.startswith(f"{thing.__name__}(") and "\n" not in doc) else doc


def _value(thing) -> str:
    if isinstance(thing, dict):
        return f"A mapping, by {', '.join(f'`{key}`' for key in list(thing)[:3])} and so on ({len(thing)} entries)."
    shown = repr(thing)
    return f"`{shown}`" if len(shown) < _SIGNATURE_LINE else f"A value of type `{type(thing).__name__}`."


def _prose(doc: str | None) -> str:
    """A docstring as Markdown: `<` outside code would be taken for HTML."""
    parts = re.split(r"(`[^`\n]*`|^ {4}.*$)", doc or "", flags=re.MULTILINE)
    return "".join(part if number % 2 else part.replace("<", "&lt;").replace("*", r"\*")
                   for number, part in enumerate(parts))
