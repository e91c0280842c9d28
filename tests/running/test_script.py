"""`cae-caffe run`: a script finds what Python would give it, and ends as it would under Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import types

import pytest

from cae_caffe import InputError
from cae_caffe.cli.main import main
from cae_caffe.running.script import run_script

FAILS = """from __future__ import annotations
import sys
def inner():
    raise RuntimeError("of the script's own")
try:
    1 / 0
except ZeroDivisionError:
    inner()
"""


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    """What a script changes is put back after the test, and so is what `caffe` means here and in processes started."""
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.split(".")[0] == "caffe":
            del sys.modules[name]


@pytest.fixture
def script(tmp_path):
    def write(text, name="script.py"):
        path = tmp_path / name
        path.write_bytes(text.encode("latin-1"))
        return str(path)
    return write


@pytest.fixture
def backend(monkeypatch):
    """A stand-in for the embedded engine, whose install() makes it `caffe`."""
    module = types.ModuleType("engine")
    module.install = lambda children: monkeypatch.setitem(sys.modules, "caffe", module)
    return module


def _under_python(*words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)


def test_the_script_imports_the_engine_as_caffe(script, backend):
    path = script("import caffe, sys\n"
                  "caffe.seen = __name__, __file__, sys.modules['__main__'].__dict__ is globals()")
    assert run_script(backend, path, []) == 0
    assert backend.seen == ("__main__", path, True)


def test_what_a_script_finds_is_what_python_gives_it(script, backend, capsys):
    path = script("import sys\n"
                  "print(sys.argv, sys.path[0], __name__, __file__, __doc__, __package__, __spec__, __cached__)\n"
                  "print(sorted(globals().keys() - {'__annotations__', '__loader__'}), type(__builtins__).__name__)")
    assert run_script(backend, path, ["a", "--debug", "-x"]) == 0
    assert capsys.readouterr().out == _under_python(path, "a", "--debug", "-x").stdout


def test_a_link_to_a_script_finds_the_scripts_neighbours(script, backend, tmp_path):
    script("value = 3", "neighbour_of_a_script.py")
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.py"
    link.symlink_to(script("import sys, neighbour_of_a_script\nsys.exit(neighbour_of_a_script.value)"))
    with pytest.raises(SystemExit) as ended:
        run_script(backend, str(link), [])
    assert ended.value.code == 3


@pytest.mark.parametrize("text", [FAILS, "x = = 3", "int('x')\n"], ids=["raised", "syntax", "built in"])
def test_errors_show_as_under_python(text, script, backend, capsys):
    path = script(text)
    assert run_script(backend, path, []) == 1
    assert capsys.readouterr().err == _under_python(path).stderr


def test_the_encoding_that_a_script_declares_is_heeded(script, backend, capsys):
    assert run_script(backend, script("# -*- coding: latin-1 -*-\nprint('\xe9' == chr(233))"), []) == 0
    assert capsys.readouterr().out == "True\n"


def test_an_interrupt_is_a_status_of_its_own(script, backend, capsys):
    assert run_script(backend, script("raise KeyboardInterrupt"), []) == 130
    assert capsys.readouterr().err.endswith("KeyboardInterrupt\n")


def test_an_interrupt_amid_an_exec_is_that_status_under_python_m_too(script):
    path = script("""exec("raise KeyboardInterrupt")""")
    assert _under_python("-m", "cae_caffe", "run", "--backend", "torch", path).returncode == 130


def test_the_hook_for_errors_that_a_script_sets_is_called(script, backend, capsys):
    text = "import sys\nsys.excepthook = lambda kind, error, traceback: print('hook', kind.__name__)\nraise KeyError"
    before = sys.excepthook
    try:
        assert run_script(backend, script(text), []) == 1
    finally:
        sys.excepthook = before
    assert capsys.readouterr().out == "hook KeyError\n"


def test_a_missing_script_is_an_input_error(backend):
    with pytest.raises(InputError, match=r"missing\.py: there is no such file"):
        run_script(backend, "missing.py", [])


def test_the_command_takes_its_own_flags_before_the_script_only(script):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    path = script("import sys\nsys.exit(' '.join(sys.argv[1:]))")
    with pytest.raises(SystemExit) as ended:
        main(["run", "--backend", "torch", path, "train", "--backend", "caffe", "--", "-x"])
    assert ended.value.code == "train --backend caffe -- -x"


def test_the_command_in_a_process_of_its_own(script):
    path = script("import caffe, sys\nprint(caffe.__name__)\nsys.exit(4)")
    done = _under_python("-m", "cae_caffe", "run", "--backend", "torch", path)
    assert (done.returncode, done.stdout) == (4, "cae_caffe.pycaffe\n")
    assert re.fullmatch(r"Engine: embedded \(PyTorch .*\) on CPU\n", done.stderr)


def test_real_caffe_runs_it_as_well(script, caffe_run):
    path = script("import caffe, sys\nprint(caffe.SGDSolver.__module__, sys.argv[1:])")
    done = caffe_run(["python3", "-m", "cae_caffe", "run", "--backend", "caffe", path, "-a"])
    assert done.stdout == "caffe._caffe ['-a']\n"
