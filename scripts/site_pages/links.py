"""Links of a Markdown file that stands somewhere in the repository, turned to the site's pages."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")


def turned(markdown: str, source: str, page: str, pages: dict[str, str], root: Path) -> str:
    """`markdown` of the file `source`, with the links that it needs as the page `page`.

    `pages` has the pages by the paths of their sources in the repository, whose folder is `root`. A link to such a
    source becomes one to its page; a link to another file of the repository its text, and the file's name where the
    text is not it; other addresses, and files that do not exist, stay for MkDocs to judge.
    """
    def turn(match: re.Match) -> str:
        mark, text, address, anchor = match[1], match[2], match[3], match[4] or ""
        if ":" in address or address.startswith("/"):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), address))
        if path in pages:
            return f"{mark}[{text}]({posixpath.relpath(pages[path], posixpath.dirname(page) or '.')}{anchor})"
        if not (root / path).exists():
            return match[0]
        return f"`{text}`" if path.endswith(text) else f"{text} (`{path}`)"

    return LINK.sub(turn, markdown)
