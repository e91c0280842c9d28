"""Building HTML out of Python values: everything is escaped but what was built here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import zip_longest


class Markup(str):
    """Text that is HTML already and is not escaped again."""


def escaped(value) -> Markup:
    """`value` as HTML text."""
    return value if isinstance(value, Markup) else Markup(html.escape(str(value)))


def joined(children: Iterable, separator: str = "") -> Markup:
    """`children`, escaped, one after the other."""
    return Markup(separator.join(escaped(child) for child in children))


def element(name: str, *children, **attributes) -> Markup:
    """The element `name`. Of an attribute's name a trailing underscore goes and others become hyphens.

    Attributes that are None are left out.
    """
    given = "".join(f' {key.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
                    for key, value in attributes.items() if value is not None)
    return Markup(f"<{name}{given}>{joined(children)}</{name}>")


def section(key: str, title: str, *children) -> Markup:
    """A part of the page with its heading; `key` is its anchor."""
    return element("section", element("h2", title, id=f"{key}-title"), *children, id=key,
                   aria_labelledby=f"{key}-title")


def table(caption, head: Sequence, rows: Sequence[Sequence], class_: str | None = None) -> Markup:
    """A table that scrolls sideways by itself where the screen is narrow.

    `head` and `rows` hold cells: what `cell` made, or a value, which becomes a column's heading or a plain cell.
    """
    below = rows[0][:len(head)] if rows else []
    body = joined(element("tr", *(_as("td", value) for value in row)) for row in rows)
    headings = [_heading(value, first) for value, first in zip_longest(head, below)]
    found = element("table", element("caption", caption), element("thead", element("tr", *headings)),
                    element("tbody", body), class_=class_)
    return element("div", found, class_="scroll", tabindex=0, role="region", aria_label="table")


class Cell(Markup):
    """A whole <td> or <th>."""


def cell(*children, head: bool = False, **attributes) -> Cell:
    """A cell with attributes of its own; `head` makes it the heading of its row."""
    if head:
        attributes.setdefault("scope", "row")
    return Cell(element("th" if head else "td", *children, **attributes))


def _heading(value, below) -> Markup:
    """The heading of a column, over the side where its numbers stand: `below` is the column's first cell."""
    number = isinstance(below, Cell) and ' class="number' in below.split(">", 1)[0]
    return _as("th", value, scope="col", class_="number" if number else None)


def _as(name: str, value, **attributes) -> Markup:
    return value if isinstance(value, Cell) else element(name, value, **attributes)
