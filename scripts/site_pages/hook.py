"""What MkDocs does besides building docs/: pages made from the package and from files outside docs/, and their links.

`mkdocs.yml` names this file as its hook. Nothing that can be read off the code is written by hand: the commands, the
models and the Python names are made anew by every build. README, CHANGELOG, CONTRIBUTING and the READMEs beside the
code become pages, too, and their links, which are right where the files stand, are turned to the pages.
"""

from __future__ import annotations

from pathlib import Path

import links
import reference_commands
import reference_models
import reference_python
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
SOURCES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "data/README.md": "reference/data-files.md",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Replace the patterns in the navigation, such as `reference/python/*`, by the pages that they match."""
    pages = [*_made_from_files().values(), *_made_from_code(),
             *(path.relative_to(config.docs_dir).as_posix() for path in sorted(Path(config.docs_dir).rglob("*.md")))]
    config.nav = _expanded(config.nav, pages)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that do not stand in docs/."""
    for source, page in _made_from_files().items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for page, make in _made_from_code().items():
        files.append(File.generated(config, page, content=make()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links to files of the repository into links to pages; those to files that are no pages, into their names."""
    pages = {f"docs/{file.src_uri}": file.src_uri for file in files} | _made_from_files()
    source = {uri: source for source, uri in pages.items()}[page.file.src_uri]
    if "\n## " not in markdown:
        page.meta.setdefault("hide", ["toc"])       # no contents to list: their room is the tables'
    return links.turned(markdown, source, page.file.src_uri, pages, ROOT)


def _made_from_files() -> dict[str, str]:
    """The pages made from files outside docs/, by those files' paths in the repository."""
    beside_code = {path.relative_to(ROOT).as_posix(): f"explanation/code/{path.parent.name}.md"
                   for path in sorted((ROOT / "cae_caffe").rglob("README.md"))}
    return {source: page for source, page in {**SOURCES, **beside_code}.items() if (ROOT / source).exists()}


def _made_from_code() -> dict:
    """The functions that make a page's text, by the page."""
    return {"reference/commands.md": reference_commands.text, "reference/models.md": reference_models.text,
            **{f"reference/python/{name}.md": make for name, make in reference_python.texts().items()}}


def _expanded(nav, pages: list[str]):
    """`nav` with each string that has a `*` replaced by the pages that it matches, in their order."""
    if isinstance(nav, dict):
        return {title: _expanded(below, pages) for title, below in nav.items()}
    if not isinstance(nav, list):
        return nav
    entries = []
    for entry in nav:
        if isinstance(entry, str) and "*" in entry:
            entries += dict.fromkeys(page for page in pages if Path(page).match(entry))
        else:
            entries.append(_expanded(entry, pages))
    return entries
