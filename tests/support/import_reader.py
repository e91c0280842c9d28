"""Which modules its modules import in a package: by statements anywhere, by importlib, and by name in strings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

AT_ONCE, LATER, FOR_TYPES, BY_NAME = "when imported", "in a function", "for type checkers", "as a string"


@dataclass(frozen=True)
class Import:
    """That the module `importer` names the module `target`, in line `line`; `how` is one of the four above."""

    importer: str
    target: str
    line: int
    how: str


def sources_of(folder: Path) -> dict[str, str]:
    """The sources under `folder` by their paths from there, as `engine/net.py`."""
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*.py"))}


def module_name(path: str, package: str) -> str:
    """`engine/net.py` as `PACKAGE.engine.net`, and `engine/__init__.py` as `PACKAGE.engine`."""
    words = [package, *path[:-len(".py")].split("/")]
    return ".".join(words[:-1] if words[-1] == "__init__" else words)


def imports_of(sources: Mapping[str, str], package: str) -> list[Import]:
    """All imports in `sources`, in their order; what is not the package's is named as it is written.

    Strings count where they are a module's whole name, or stand behind `-m` in a command; docstrings do not. A string
    that is the package's own name means its `__main__`.
    """
    known = {module_name(path, package) for path in sources}
    found = []
    for path, source in sources.items():
        name = module_name(path, package)
        around = name if path.endswith("__init__.py") else name.rpartition(".")[0]
        reader = _Reader(name, around, known, package)
        reader.visit(ast.parse(source, path))
        found += reader.found
    return found


class _Reader(ast.NodeVisitor):
    """Collects one module's imports."""

    def __init__(self, name: str, around: str, known: set[str], package: str):
        self.found: list[Import] = []
        self._name, self._around, self._known, self._package = name, around, known, package
        self._how = AT_ONCE

    def _add(self, node: ast.AST, target: str, how: str | None = None) -> None:
        self.found.append(Import(self._name, target, node.lineno, how or self._how))

    def _within(self, how: str, nodes: list[ast.AST]) -> None:
        before, self._how = self._how, how
        for node in nodes:
            self.visit(node)
        self._how = before

    def visit_FunctionDef(self, node) -> None:
        self._within(self._how, [*node.decorator_list, node.args])
        self._within(LATER, node.body)

    def visit_AsyncFunctionDef(self, node) -> None:
        self.visit_FunctionDef(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._within(LATER, [node.body])

    def visit_If(self, node: ast.If) -> None:
        types = ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        self._within(FOR_TYPES if types else self._how, [node.test, *node.body])
        self._within(self._how, node.orelse)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = _absolute("." * node.level + (node.module or ""), self._around)
        for alias in node.names:
            module = f"{base}.{alias.name}"
            self._add(node, module if module in self._known else base)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).rpartition(".")[2]
        text = self._text(node.args[0]) if node.args else None
        if name in ("import_module", "__import__") and text:
            self._add(node, _absolute(text, self._around))
            self._within(self._how, [node.func, *node.args[1:], *node.keywords])
        else:
            self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):        # a docstring else
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        for target in self._named(self._text(node) or ""):
            self._add(node, target, BY_NAME)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        text = self._text(node)
        if text is None:
            self.generic_visit(node)
        for target in self._named(text or ""):
            self._add(node, target, BY_NAME)

    def _text(self, node: ast.AST) -> str | None:
        """The value of a string that says it: constant but for `__package__` and `__name__`."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Name):
            return {"__package__": self._around, "__name__": self._name}.get(node.value.id)
        if isinstance(node, ast.JoinedStr):
            parts = [self._text(part) for part in node.values]
            return None if None in parts else "".join(parts)
        return None

    def _named(self, text: str) -> Iterator[str]:
        """The package's modules that a string names."""
        name = rf"{self._package}(?:\.\w+)*"
        whole = re.fullmatch(rf"({name})(?::\w+)?", text)
        for named in ([whole[1]] if whole else re.findall(rf"-m\s+({name})", text)):
            words = named.split(".")
            parts = (".".join(words[:length]) for length in range(len(words), 1, -1))
            if len(words) == 1:
                yield f"{named}.__main__"
            yield from [part for part in parts if part in self._known][:1]


def _absolute(name: str, around: str) -> str:
    """A name that may begin with dots, as one written in the package `around`."""
    level = len(name) - len(name.lstrip("."))
    if not level:
        return name
    words = around.split(".")
    return ".".join(filter(None, [*words[:len(words) - level + 1], name[level:]]))
