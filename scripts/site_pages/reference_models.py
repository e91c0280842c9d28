"""The reference of the models: the names that `make-prototxt` takes, and their designs."""

from __future__ import annotations

from cae_caffe.models import MODELS, model_design

_INTRODUCTION = """\
# Models

The names that `make-prototxt` takes, each design in the notation of the paper's tables, and its number of weights and
biases. Without a name `make-prototxt` writes all of them.

| model | design | parameters |
|---|---|---|
"""


def text() -> str:
    """The page in Markdown: a row a model."""
    rows = []
    for name in MODELS:
        design = model_design(name)
        notation = design.notation() if hasattr(design, "notation") else design.kind
        rows.append(f"| `{name}` | {notation} | {design.parameters} |\n")
    return _INTRODUCTION + "".join(rows)
