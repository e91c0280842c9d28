"""Scripts of Python 2 under `cae-caffe run`: told as such, or translated; they print what Python 2.7 printed."""

from __future__ import annotations

import builtins
import sys
import types

import pytest

from cae_caffe import InputError, RunError
from cae_caffe.running import from_python2, numpy_of_2015, python2
from cae_caffe.running.script import run_script

SCRIPT = '''#!/usr/bin/env python
import os, sys
import cPickle
import helper_of_2
import package_of_2.inner
from StringIO import StringIO
d = {'a': 1, 'b': 2}
print "args", sys.argv[1:]
for k, v in sorted(d.iteritems()):
\tprint k, v,
        print "tabbed"
print
print 7/2, -7/2, 7/2., 7//2, 2**-1
x = 7
x /= 2
print x
try:
    raise ValueError, "wrong"
except ValueError, e:
    print `e.args[0]`
print sum(xrange(3)), map(str, [1, 2]), d.keys()[0] in d, d.has_key('a'), (1 <> 2)
inner = package_of_2.inner.f(3)
print helper_of_2.half(9), inner, 0777, 10L, unicode("x"), reduce(lambda a, b: a + b, range(5))
print >>sys.stderr, "to stderr"
exec "y = 5"
print y
s = """a
\tab"""
print repr(s)
class O(object):
    n = 9
o = O()
o.n /= 2
L = [9, 9.]
L[0] /= 2
L[1] /= 2
print o.n, L
def g((p, q)):
    return p - q
print g((5, 3))
helper_of_2.fail()
'''
PRINTED = """args ['a', 'b']
a 1 tabbed
b 2 tabbed

3 -4 3.5 3 0.5
3
'wrong'
3 ['1', '2'] True True True
inner
4 1 511 10 x 10
5
'a\\n\\tab'
4 [4, 4.5]
2
in fail
"""
MODULES = {
    "helper_of_2.py": 'def half(n):\n    return n / 2\n\ndef fail():\n    print "in fail"\n    d = {}\n'
                      '    return d["x"]\n',
    "package_of_2/__init__.py": "",
    "package_of_2/inner.py": 'import other\ndef f(n):\n    print "inner"\n    return other.g(n)\n',
    "package_of_2/other.py": "def g(n): return n / 2\n",
    "true_2.py": "from __future__ import division\ndef half(n): return n / 2\n",
}


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """What a script changes is put back after the test."""
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("helper_of_2", "package_of_2", "true_2", "elsewhere_2")):
            del sys.modules[name]
    for name in (from_python2.DIVIDE, from_python2.IN_PLACE, numpy_of_2015.TYPES, numpy_of_2015.WHOLE):
        vars(builtins).pop(name, None)


@pytest.fixture
def run(tmp_path, capsys):
    """Run the text of a script beside MODULES; returns its status and what it printed, there and on standard error."""
    for name, text in MODULES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(text, *arguments, is_python2=True):
        path = tmp_path / "script.py"
        path.write_bytes(text.encode("latin-1"))
        capsys.readouterr()
        status = run_script(types.ModuleType("engine"), str(path), list(arguments), is_python2)
        return (status, *capsys.readouterr())
    return run


def test_a_script_and_its_modules_do_what_they_did(run, tmp_path):
    status, out, err = run(SCRIPT, "a", "b")
    assert (status, out) == (1, PRINTED)
    last = SCRIPT.count("\n")
    assert err.splitlines() == [
        "to stderr", "Traceback (most recent call last):",
        f'  File "{tmp_path}/script.py", line {last}, in <module>', "    helper_of_2.fail()",
        f'  File "{tmp_path}/helper_of_2.py", line 7, in fail', '    return d["x"]', "KeyError: 'x'"]
    assert not list(tmp_path.rglob("*.pyc"))


@pytest.mark.parametrize("text, printed", [
    ("from __future__ import division\nimport true_2\nprint 3/2, true_2.half(3)", "1.5 1.5\n"),
    ("import true_2\nprint 3/2, true_2.half(3)", "1 1.5\n"),
    ("from __future__ import print_function\nprint(3/2, end='!')", "1!"),
    ("# -*- coding: latin-1 -*-\nprint len(u'\xe9')", "1\n"),
    ("print u'\xe9' == unichr(233)      # no declaration", "True\n"),
    ("import numpy as np\na = b = np.arange(4)\na /= 2\nprint b.tolist(), (a / 3).tolist(), (a / 2.).tolist()",
     "[0, 0, 1, 1] [0, 0, 0, 0] [0.0, 0.0, 0.5, 0.5]\n"),
    ("import numpy as np\na = np.arange(6)\na[np.round(2.2):2 * 2.0] = 9\nprint a.tolist(), a[:1 + 1.0, ].tolist()",
     "[0, 1, 9, 9, 4, 5] [0, 1]\n"),
    ("import numpy.random as npr\nprint npr.choice(9, size=3.).shape, npr.uniform(size=(2., 3)).shape",
     "(3,) (2, 3)\n"),
    ("import numpy as np\nprint np.float is float, np.zeros(1, np.int).dtype.kind, np.bool is bool, np.float32(2)",
     "True i True 2.0\n"),
    ("import sys, os\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))\nimport elsewhere_2",
     "there\n"),
    ("s = '''\n\tx'''\nif s:\n\tprint repr(s)", "'\\n\\tx'\n"),
    ("print 'no line end'", "no line end\n"),
    ("import json, logging\nprint json.dumps([1 / 2])", "[0]\n"),
    ("print('x', file=__import__('sys').stdout)", "x\n"),
])
def test_a_script(text, printed, run, tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "elsewhere_2.py").write_text("print 'there'\n")
    assert run(text) == (0, printed, "")


def test_a_folder_of_pythonpath_that_holds_python_2_is_translated_too(run, tmp_path, monkeypatch):
    """Whatever its modules look like: of the one that only divides, Python 3 would make something else."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, name, text in ((old, "true_2_old", "half = 3 / 2"), (old, "prints", "print 'x'"),
                               (new, "true_2_new", "half = 3 / 2")):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.py").write_text(text)
    monkeypatch.setattr(sys, "path", [*sys.path, str(old), str(new)])
    monkeypatch.setenv("PYTHONPATH", f"{old}:{new}:/nowhere")

    status, out, err = run("import true_2_old, true_2_new\nprint true_2_old.half, true_2_new.half")
    assert (status, out, err) == (0, "1 1.5\n", "")


def test_lines_that_are_added_do_not_move_the_others(run):
    text = "import sys\nprint reduce(max, [1])\n\nfrom itertools import izip\nimport urllib2, StringIO\nint('x')\n"
    status, _, err = run(text)
    assert status == 1 and "script.py\", line 6, in <module>\n    int('x')\nValueError: " in err


@pytest.mark.parametrize("text", ["print 'a' 3 +", "x = (", "if 1:\n  x = 1\n y = 2"])
def test_what_is_neither_is_told(text, run):
    with pytest.raises(InputError, match=r"script\.py: this is neither Python 3 nor Python 2 \(.+\)\.$"):
        run(text)


def test_a_missing_library_is_named(run, monkeypatch):
    for name in ("fissix", "lib2to3"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setitem(sys.modules, f"{name}.refactor", None)
    with pytest.raises(RunError, match=r"needs the package fissix; run `pip install \"cae-caffe\[python2\]\"`"):
        run("print 1")


@pytest.mark.parametrize("text", [
    "print 'x'", "print 'a', 'b'", "import sys\nprint >>sys.stderr, 3", "{}.items().sort()", "exec 'x = 1'",
    "try:\n    x\nexcept Exception, e:\n    pass",
    "raise ValueError, 'x'", "x = `3`", "if 1 <> 2: pass", "x = 10L", "x = 0777", "x = ur'a'", "def f((a, b)): pass",
    "if 1:\n\tx = 1\n        y = 2", "for i in xrange(3): pass", "{}.iteritems()", "{}.has_key(3)", "unicode('x')",
    "raw_input()", "import cPickle", "import StringIO", "from itertools import izip", "{1: 2}.keys()[0]",
    "map(str, [1])[0]", "range(3 / 2)", "import string\nstring.letters", "import sys\nsys.maxint", "len(map(str, []))",
    "iter([]).next()", "range(3) + [4]", "reduce(max, [1])", "import urllib2",
])
def test_what_is_python_2s_is_told_with_the_remedy(text, run, tmp_path):
    status, out, err = run(text, is_python2=False)
    assert status == 1 and not out
    line = err.splitlines()[-1]
    assert line.startswith("cae-caffe run: This looks like Python 2 (")
    assert line.endswith(f"`cae-caffe run --from-python2 {tmp_path}/script.py` translates the script, and the "
                         "modules it brings, as it runs them.")


@pytest.mark.parametrize("text", [
    "x = = 3", "print('a'", "foo()", "{}.items().foo", "import no_such_module", "raise ValueError('x, y')", "f(1",
    "1 / 0", "def f(a, b=(1, 2)):\n    x = (\n", "d = {'a': 0}\nd['b']", "raise SystemError",
])
def test_other_errors_are_left_as_they_are(text, run):
    status, _, err = run(text, is_python2=False)
    assert status == 1 and "Python 2" not in err


def test_an_error_in_a_module_of_its_own_is_seen_too(run):
    assert python2.trace(SyntaxError("invalid syntax", ("f.py", 1, 1, "raise E, 'x'\n"))) == "`raise E, 'x'`"
    assert "This looks like Python 2 (`print \"in fail\"`)" in run("import helper_of_2", is_python2=False)[2]
