"""Names and texts of others as they may be shown: what a terminal would obey, or nobody would see, is written out;
tables; and how often and on which lines something stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_LINES = 10     # of a file, that are told of one thing

# Control characters but for the tab, line ends of Unicode, marks that turn the direction of writing or are invisible,
# and the halves of characters as which Python holds the bytes of a file name that is no text.
_UNSEEN = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def shown(text: object) -> str:
    r"""`text` in one line, in which a line end is written as `\n` and an escape character as `\x1b`."""
    return _UNSEEN.sub(_written_out, str(text))


def shown_lines(text: str) -> str:
    """As `shown`, but line by line: line ends stay."""
    return "\n".join(map(shown, text.split("\n")))


def table(rows: Sequence[Sequence[str]], words: int) -> list[str]:
    """The lines of a table: `rows` of cells, the first of them its headings, which a rule follows.

    The first `words` columns are words, on the left of their columns, the others numbers, on the right.
    """
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) if at < words else cell.rjust(width)
                       for at, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return lines


def _written_out(match: re.Match[str]) -> str:
    return match.group().encode("unicode_escape").decode("ascii")


def counted(number: int, noun: str) -> str:
    """"1 blob", "2 blobs": a number of what the regular `noun` names."""
    return f"{number} {noun}{'s' * (number != 1)}"


def times(lines: list[int | None]) -> str:
    """" (3 times: lines 2, 5, 9)" where something stands in several `lines`, None for one not known; else nothing."""
    if len(lines) == 1:
        return ""
    known = list(dict.fromkeys(line for line in lines if line is not None))
    told = ", ".join(map(str, known[:MOST_LINES])) + (", ..." if len(known) > MOST_LINES else "")
    where = f": line{'s' * (len(known) > 1)} {told}" if known else ""
    return f" ({len(lines)} times{where})"
