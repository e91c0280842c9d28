"""Python 2 as Python 3, in memory: a script, and the modules that it imports from folders of its own.

The translation is that of `2to3`, by fissix (or by lib2to3, which Python had up to 3.12). Beyond it, `/` between whole
numbers divides as it did, and NumPy takes what it took (numpy_of_2015.py). Line numbers stay those of the user's files.
"""

from __future__ import annotations

import ast
import builtins
import difflib
import importlib
import io
import numbers
import os
import re
import sys
import tokenize
import types
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any

from ..errors import InputError, RunError
from . import numpy_of_2015, python2

TAB = 8         # columns from one tab stop to the next, to Python 2
DIVIDE = "__python2_divide__"
IN_PLACE = "__python2_divide_in_place__"
_DIVISION = re.compile(r"^from __future__ import .*\bdivision\b", re.MULTILINE)


class Translator:
    """Translates Python 2; raises RunError where neither fissix nor lib2to3 is there."""

    def __init__(self) -> None:
        self._package = _package()
        refactor = importlib.import_module(f"{self._package}.refactor")
        self._fixers = refactor.get_fixers_from_package(f"{self._package}.fixes")
        self._tool = refactor.RefactoringTool
        pgen = f"{self._package}.pgen2"
        self._failures = (importlib.import_module(f"{pgen}.parse").ParseError,
                          importlib.import_module(f"{pgen}.tokenize").TokenError, IndentationError, SyntaxError)

    def code(self, source: bytes, file: str, is_script: bool = False) -> types.CodeType:
        """The code of the Python 2 in `source`, the content of `file`; a script has no modules of its own package.

        Raises InputError for what is no Python 2 either.
        """
        text = _without_tabs(_decoded(source))
        translated = self._translated(text, file, is_script)
        tree = ast.parse(translated, file)
        tree = numpy_of_2015.Names(tree).visit(tree)
        if not _DIVISION.search(text):
            tree = _Divisions().visit(tree)
        _Lines(text, translated).visit(tree)
        return compile(ast.fix_missing_locations(tree), file, "exec", dont_inherit=True)

    def _translated(self, text: str, file: str, is_script: bool) -> str:
        fixers = [fixer for fixer in self._fixers if not (is_script and fixer.endswith(".fix_import"))]
        problem: Exception | None = None
        for options in ({}, {"print_function": True}):
            try:
                return str(self._tool(fixers, options).refactor_string(text, file))
            except self._failures as error:
                problem = problem or error
        raise InputError(f"{file}: this is neither Python 3 nor Python 2 ({_place(problem)}).")


def _package() -> str:
    reasons = []
    for name in ("fissix", "lib2to3"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)     # where lib2to3 still is, it says that it goes
                importlib.import_module(f"{name}.refactor")
            return name
        except (ImportError, OSError) as error:         # OSError: fissix makes a folder for its cache
            reasons.append(str(error))
    raise RunError('Translating Python 2 needs the package fissix; run `pip install "cae-caffe[python2]"` (now: '
                   f"{'; '.join(reasons)}).")


def _place(error: Exception | None) -> str:
    context = getattr(error, "context", None)       # of lib2to3's ParseError
    if context is None:
        return str(error)
    return f"line {context[1][0]}, at `{str(getattr(error, 'value', '')).strip()}`"


def _decoded(source: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        text = source.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        text = source.decode("latin-1")
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def _without_tabs(text: str) -> str:
    """`text` with blanks for the tabs that lines begin with, for Python 3 takes no mixture of them; strings stay."""
    within: set[int] = set()
    for found in re.finditer(r"('''|\"\"\")(?:\\.|(?!\1).)*\1", text, re.DOTALL):
        first = text.count("\n", 0, found.start()) + 1
        within.update(range(first, first + found.group().count("\n")))
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if i not in within and "\t" in line:
            code = line.lstrip()
            lines[i] = line[:len(line) - len(code)].expandtabs(TAB) + code
    return "\n".join(lines)


class _Divisions(ast.NodeTransformer):
    """Calls of `divide` for `/`, and of `divide_in_place` for `/=`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self._call(DIVIDE, node, node.left, node.right) if isinstance(node.op, ast.Div) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Div):
            return node
        read: Any = ast.parse(ast.unparse(node.target), mode="eval").body
        for part in ast.walk(read):
            ast.copy_location(part, node)
        return ast.copy_location(ast.Assign([node.target], self._call(IN_PLACE, node, read, node.value)), node)

    def _call(self, name: str, node: ast.AST, *operands: ast.expr) -> ast.Call:
        function = ast.copy_location(ast.Name(name, ast.Load()), node)
        return ast.copy_location(ast.Call(function, list(operands), []), node)


def divide(a: Any, b: Any) -> Any:
    """What `a / b` is in Python 2: of whole numbers, and arrays of them, the next lower whole number."""
    return a // b if _is_whole(a) and _is_whole(b) else a / b


def divide_in_place(a: Any, b: Any) -> Any:
    """What `a /= b` leaves in `a`, as `divide` divides."""
    if _is_whole(a) and _is_whole(b):
        a //= b
    else:
        a /= b
    return a


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) or getattr(getattr(value, "dtype", None), "kind", "") in ("i", "u", "b")


class _Lines(ast.NodeVisitor):
    """Gives the nodes of the translation the lines of the text that it is of, where Python marks no part of them."""

    def __init__(self, text: str, translated: str):
        self._lines = text.split("\n")
        self._numbers = _line_numbers(self._lines, translated.split("\n"))

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, (ast.stmt, ast.expr, ast.excepthandler)):
            number = self._numbers[node.lineno]
            line = self._lines[number - 1]
            node.lineno = node.end_lineno = number
            node.col_offset = len(line) - len(line.lstrip())
            node.end_col_offset = max(len(line.rstrip().encode()), node.col_offset)
        super().generic_visit(node)


def _line_numbers(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """Of each line of `new`, from 1, which line of `old` it comes from."""
    found = [1]
    if len(old) == len(new):        # the matcher may be led astray by lines that are alike
        return found + list(range(1, len(new) + 1))
    for _, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        found += [min(start + i, max(end - 1, start)) + 1 for i in range(last - first)]
    return [min(number, len(old)) for number in found]


class _Loader(SourceFileLoader):
    """Loads a module by way of the translation, which nothing keeps on the disk."""

    translator: Translator

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        return self.translator.code(self.get_data(path), path)


class Importer(MetaPathFinder):
    """Translates modules from the folders on sys.path but for those `known` already, and all below their packages."""

    def __init__(self, translator: Translator, known: Iterable[str]):
        self._translator = translator
        self._known = {os.path.realpath(folder) for folder in known}
        self._packages: set[str] = set()

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> ModuleSpec | None:
        """As Python's finders; None for what is not to be translated."""
        if path is None:
            path = [folder for folder in sys.path if os.path.realpath(folder) not in self._known]
        elif fullname.rpartition(".")[0] not in self._packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.loader is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        loader = _Loader(fullname, spec.loader.path)
        loader.translator = self._translator
        spec.loader = loader
        if spec.submodule_search_locations is not None:
            self._packages.add(fullname)
        return spec


def install(folder: str) -> Callable[[bytes, str], types.CodeType]:
    """Let imports from `folder`, from folders of PYTHONPATH that hold Python 2, and from folders that are put on
    sys.path later, be translated; returns what translates a script. Raises RunError where the library is missing.
    """
    translator = Translator()
    vars(builtins).update({DIVIDE: divide, IN_PLACE: divide_in_place})
    numpy_of_2015.install()
    own = {os.path.realpath(entry) for entry in [folder, *python2.folders(os.environ.get("PYTHONPATH", ""))]}
    known = [entry for entry in sys.path if os.path.realpath(entry) not in own]
    sys.meta_path.insert(0, Importer(translator, known))
    return lambda source, file: translator.code(source, file, is_script=True)
