"""The reference of the models: the names that `make-prototxt` takes, and their designs."""

from __future__ import annotations

from cae_caffe.families import presets

_INTRODUCTION = """\
# Models

The names that `make-prototxt` takes, each design in the notation of the paper's tables, and its number of weights and
biases. Without a name `make-prototxt` writes all of them.

| model | design | parameters |
|---|---|---|
"""


def text() -> str:
    """The page in Markdown: a row a model."""
    rows = [f"| `{name}` | {design.notation()} | {design.parameters} |\n" for name, design in presets().items()]
    return _INTRODUCTION + "".join(rows)
