"""How commands end when the disk, the terminal, the memory or the user says no: one line and a status."""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cae_caffe import cli
from cae_caffe.cli import main as main_module
from cae_caffe.cli.ending import call
from cae_caffe.running.signals import requests

ROOT = Path(cli.__file__).parents[2]
NET = ROOT / "prototxt" / "cae1-n2" / "deploy.prototxt"
SUMMARY = f"{shlex.quote(sys.executable)} -m cae_caffe summary {shlex.quote(str(NET))}"


def shell(command, cwd=None, **variables):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=cwd,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "", **variables})


def ending(raised, capsys):
    """The status and the line where a command's run raises."""
    def run(arguments):
        raise raised

    status = call(run, argparse.Namespace(debug=False), "prog")
    return status, capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_behind_standard_output_is_told():
    done = shell(f"{SUMMARY} > /dev/full")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Engine:")]
    assert done.returncode == 1
    assert lines == ["cae-caffe summary: standard output cannot be written: No space left on device."]


@pytest.mark.parametrize("redirection", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(redirection):
    done = shell(f"{SUMMARY} {redirection}")
    assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr
    assert not done.stdout or "total" in done.stdout


def test_a_locale_of_ascii_shows_and_reads_other_names(tmp_path):
    net = tmp_path / "é.prototxt"
    net.write_text(NET.read_text(encoding="utf-8").replace("deconv1neursig", "déconv"), encoding="utf-8")
    ascii_alone = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = shell(f"{sys.executable} -m cae_caffe summary *.prototxt", tmp_path, **ascii_alone)
    assert done.returncode == 0 and r"d\xe9conv" in done.stdout
    done = shell(f"{sys.executable} -m cae_caffe summary nô.prototxt", tmp_path, **ascii_alone)
    assert done.returncode == 2 and r"n\udcc3\udcb4.prototxt: there is no such file" in done.stderr


@pytest.mark.parametrize("raised, said", [
    (OSError(28, "No space left on device"), "No space left on device."),
    (OSError("h5py's\n text"), r"h5py's\n text."),
    (PermissionError(13, "Permission denied", "/a\n/b"),
     r"/a\n/b: Permission denied; change its permissions or those of its folder, or give another path."),
    (IsADirectoryError(21, "Is a directory", "m"),
     "m: Is a directory; a file is needed; give its path."),
    (FileNotFoundError(2, "No such file or directory", "a/m"),
     "a/m: No such file or directory; the file, or a folder on the way to it, is not there; correct the path."),
    (NotADirectoryError(20, "Not a directory", "f/m"),
     "f/m: Not a directory; what stands before the last / of the path is a file; give another path."),
    (OSError(28, "No space left on device", "m"),
     "m: No space left on device; free some space, or give a path on another disk."),
    (OSError(5, "Input/output error", "m"), "m: Input/output error."),
    (MemoryError(), "out of memory; take less at once, such as a smaller batch_size, or end other programs."),
    (MemoryError("8\nGiB"),
     "out of memory (8 GiB); take less at once, such as a smaller batch_size, or end other programs."),
    (UnicodeEncodeError("ascii", "d/é", 2, 3, "ordinal not in range"),
     "`d/é` cannot be written in ascii, the encoding of this locale; set LC_ALL to C.UTF-8, or PYTHONUTF8 to 1."),
])
def test_what_the_system_refuses_is_a_line_and_status_1(raised, said, capsys):
    assert ending(raised, capsys) == (1, f"prog: {said}\n")


def test_a_device_without_end_is_not_read(capsys):
    assert main_module.main(["summary", "/dev/zero"]) == 2
    assert capsys.readouterr().err.endswith("/dev/zero: this is a device, and no file.\n")


def test_ctrl_c_while_modules_are_imported(monkeypatch, capsys):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "module_of", interrupted)
    assert main_module.main(["train", "-solver", "s"]) == 130
    assert capsys.readouterr().err == "cae-caffe: interrupted\n"


@pytest.fixture
def heeded():
    """SIGINT as in a shell's foreground; in its background it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_ctrl_c_in_the_instant_when_it_is_first_heeded(monkeypatch):
    install = signal.signal

    def install_and_send(number, handler):
        earlier = install(number, handler)
        if number == signal.SIGINT and callable(handler) and handler is not signal.default_int_handler:
            os.kill(os.getpid(), signal.SIGINT)
        return earlier

    monkeypatch.setattr(signal, "signal", install_and_send)
    before = signal.getsignal(signal.SIGINT)
    with requests("stop", "none", "none") as take_request:
        assert take_request() == "stop"
        assert signal.getsignal(signal.SIGINT) == before        # a second one acts at once
    assert signal.getsignal(signal.SIGINT) == before


TOO_LARGE = """
layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape { dim: 1 dim: 100000 } } }
layer { name: "ip" type: "InnerProduct" bottom: "d" top: "ip" inner_product_param { num_output: 20000 } }
"""


def test_memory_that_the_system_refuses_is_told_with_the_layer(tmp_path):
    pytest.importorskip("torch")
    (tmp_path / "net.prototxt").write_text(TOO_LARGE, encoding="utf-8")
    limit = 4 << 30
    done = subprocess.run([sys.executable, "-m", "cae_caffe", "time", "-model", "net.prototxt"], capture_output=True,
                          text=True, check=False, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("cae-caffe time: layer `ip` (type InnerProduct, net.prototxt:3): out of memory: 7.451 GiB "
                           "were asked for, and ")
    assert "this process may have 4 GiB in all (ulimit -v). Take a smaller batch_size" in last


def test_ctrl_c_while_the_command_line_is_imported(tmp_path):
    (tmp_path / "argparse.py").write_text("raise KeyboardInterrupt", encoding="utf-8")
    done = shell(f"{sys.executable} -m cae_caffe train", PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 130 and done.stderr == "cae-caffe: interrupted\n"
