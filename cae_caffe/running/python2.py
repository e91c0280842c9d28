"""Telling from an error that a script was written for Python 2, and from its files that a folder holds Python 2."""

from __future__ import annotations

import ast
import itertools
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

# What Python 3 says of Python 2's syntax, and the syntax itself where Python 3 says no more than that it is wrong.
_SAID_OF_SYNTAX = re.compile(
    r"Missing parentheses in call to '(print|exec)'|multiple exception types must be parenthesized|"
    r"leading zeros in decimal integer|inconsistent use of tabs|unindent does not match|"
    r"invalid (decimal|hexadecimal|octal) literal|cannot use parenthesized|parameters cannot be parenthesized")
_SYNTAX = re.compile(
    r"^\s*print\s+[^(=\s]|^\s*print\s*>>|^\s*exec\s+[\"'\w]|\bexcept\s+[\w., ()]+,\s*\w+\s*:|"
    r"^\s*raise\s+[\w.]+\s*,|`[^`]+`|<>|\b\d+[lL]\b|\b0\d+\b|\b[uU][rR][\"']|\b(def\s+\w+|lambda)\s*\(.*\(")
_NAMES = ("apply", "basestring", "buffer", "cmp", "coerce", "execfile", "file", "intern", "long", "raw_input", "reduce",
          "reload", "unichr", "unicode", "xrange")
_MODULES = ("BaseHTTPServer", "ConfigParser", "Cookie", "HTMLParser", "Queue", "SimpleHTTPServer", "SocketServer",
            "StringIO", "Tkinter", "__builtin__", "anydbm", "cPickle", "cStringIO", "commands", "cookielib", "copy_reg",
            "exceptions", "httplib", "sets", "thread", "urllib2", "urlparse", "xmlrpclib")
_RUNNING = re.compile(
    rf"name '({'|'.join(_NAMES)})' is not defined|No module named '({'|'.join(_MODULES)})'|"
    r"object has no attribute '(iteritems|iterkeys|itervalues|has_key|next|im_func|im_self|func_name|func_code)'|"
    r"(cannot import name|module 'itertools' has no attribute) '(izip|imap|ifilter|izip_longest)'|"
    r"module '(string' has no attribute '(letters|maketrans|join|lowercase|uppercase)|sys' has no attribute 'maxint|"
    r"os' has no attribute 'getcwdu|urllib' has no attribute '(urlopen|urlretrieve|quote|unquote|urlencode))'|"
    r"'(dict_keys|dict_values|dict_items|map|filter|zip)' object is not subscriptable|"
    r"'(dict_keys|dict_values|dict_items|map|filter|zip|range)' object has no attribute "
    r"'(append|index|insert|pop|remove|reverse|sort)'|object of type '(map|filter|zip)' has no len|"
    r"unsupported operand type\(s\) for >>: 'builtin_function_or_method'|"
    r"unsupported operand type\(s\) for \+: '(dict_keys|dict_values|dict_items|range|map)'|"
    r"'float' object cannot be interpreted as an integer|a bytes-like object is required, not 'str'")

MOST_FILES = 1000       # of a folder that are looked at
_LIBRARIES = ("site-packages", "dist-packages")
_OUR_OWN = str(Path(__file__).resolve().parents[1])


def folders(search_path: str) -> list[str]:
    """Those of the folders in a PYTHONPATH that hold a module of Python 2, by its grammar.

    Python's folders of installed packages, and that of this one, do not count.
    """
    entries = [entry for entry in search_path.split(os.pathsep) if entry and os.path.isdir(entry)]
    return [entry for entry in entries if os.path.basename(os.path.realpath(entry)) not in _LIBRARIES
            and not _OUR_OWN.startswith(os.path.realpath(entry) + os.sep) and _holds_python2(entry)]


def _holds_python2(folder: str) -> bool:
    return any(map(_is_python2, itertools.islice(_modules(folder), MOST_FILES)))


def _modules(folder: str) -> Iterator[str]:
    for where, inner, files in os.walk(folder):
        inner[:] = sorted(name for name in inner if not name.startswith(".") and name not in _LIBRARIES)
        yield from (os.path.join(where, name) for name in sorted(files) if name.endswith(".py"))


def _is_python2(file: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(Path(file).read_bytes(), file)
    except SyntaxError as error:
        return trace(error) is not None
    except (OSError, ValueError):
        pass
    return False


def trace(error: BaseException) -> str | None:
    """What in `error` is Python 2's, in words; None where nothing is."""
    if isinstance(error, SyntaxError):
        line = (error.text or "").strip()
        if _SAID_OF_SYNTAX.search(error.msg or "") or _SYNTAX.search(line):
            return f"`{line}`" if line else error.msg
        return None
    found = _RUNNING.search(str(error))
    return found.group() if found else None


def hint(error: BaseException, script: str) -> str | None:
    """A sentence for who ran `script`, if `error` says that it, or a module of its own, is Python 2; else None."""
    found = trace(error)
    if found is None:
        return None
    return (f"This looks like Python 2 ({found}), and here is Python 3; `cae-caffe run --from-python2 {script}` "
            "translates the script, and the modules it brings, as it runs them.")
