"""The command line's own behaviour: exit statuses, one-line errors, no libraries that a command does not need."""

import os
import subprocess
import sys

import pytest

from cae_caffe.cli.main import COMMANDS, main, module_of


def run(*words):
    return subprocess.run([sys.executable, "-m", "cae_caffe", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_its_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: cae-caffe {command}" in capsys.readouterr().out


def test_a_command_of_two_words_has_a_module_of_that_name():
    assert module_of("device-query").__name__ == "cae_caffe.cli.device_query"


def test_no_command_and_unknown_ones_are_wrong_use(capsys):
    for words in ([], ["trian"]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert ended.value.code == 2
    assert "'trian'" in capsys.readouterr().err


@pytest.mark.parametrize("words, said", [
    (["train", "-solver", "s", "-wieghts", "w"], "arguments: -wieghts w; -wieghts: did you mean -weights?"),
    (["train", "-solver", "s", "--wieghts=w", "--gpus=0"],
     "--wieghts: did you mean --weights? --gpus: did you mean --gpu?"),
    (["train", "--slover=s"], "-solver/--solver; --slover: did you mean --solver?"),
    (["figure", "scatter", "--ot", "x"], "--out; --ot: did you mean --out?"),
    (["figure", "scater"], "did you mean scatter?"),
    (["trian"], "did you mean train?"),
    (["train", "-solver", "s", "-zzz"], "unrecognized arguments: -zzz"),
])
def test_a_misspelt_flag_or_command_is_answered_with_the_nearest(words, said, capsys):
    with pytest.raises(SystemExit):
        main(words)
    assert capsys.readouterr().err.endswith(f"{said}\n")


def test_a_users_mistake_is_one_line_and_status_2():
    done = run("train", "-solver", "nowhere.prototxt")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Engine:")]
    assert done.returncode == 2 and len(lines) == 1
    assert lines[0].startswith("cae-caffe train: nowhere.prototxt: there is no such file")


def test_several_mistakes_are_a_line_each(tmp_path):
    (tmp_path / "net.prototxt").write_text("naem: 'x'\nlayr { }\n", encoding="utf-8")
    done = run("summary", str(tmp_path / "net.prototxt"))
    lines = [line for line in done.stderr.splitlines() if not line.startswith("Engine:")]
    assert done.returncode == 2 and len(lines) == 2
    assert lines[0].startswith("cae-caffe summary: ") and lines[1].endswith("did you mean `layer`?")


def test_debug_shows_the_traceback():
    done = run("train", "-solver", "nowhere.prototxt", "--debug")
    assert "Traceback" in done.stderr and done.returncode == 1


def test_a_system_error_is_one_line_and_status_1(monkeypatch, capsys):
    from cae_caffe.cli import data

    def fail(arguments):
        raise PermissionError(13, "Permission denied", "/somewhere/file")

    monkeypatch.setattr(data, "run", fail)
    assert main(["data", "mnist"]) == 1
    assert capsys.readouterr().err == (
        "cae-caffe data: /somewhere/file: Permission denied; change its permissions or those of its folder, or give "
        "another path.\n")


def test_a_reader_that_has_gone_is_no_error():
    command = f"{sys.executable} -m cae_caffe summary prototxt/cae1-n2/deploy.prototxt | true"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], stderr=subprocess.PIPE, text=True,
                          check=False)
    assert done.returncode == 0 and "Traceback" not in done.stderr


def test_importing_the_package_does_not_import_torch():
    code = "import sys, cae_caffe, cae_caffe.cli.main; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("command", ["train", "test", "time", "data"])
def test_help_does_not_wait_for_the_libraries_of_the_work(command):
    code = ("import sys\nfrom cae_caffe.cli.main import main\ntry:\n    main([sys.argv[1], '--help'])\nfinally:\n"
            "    print(sorted({'h5py', 'matplotlib', 'torch'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code, command], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.endswith("\n[]\n")


INTERRUPTED_AMID_AN_EXEC = """
import sys
import cae_caffe.cli.data as data
from cae_caffe.cli.main import main
def run(arguments):
    exec("raise KeyboardInterrupt")     # which imports are full of: dataclasses, named tuples
data.run = run
sys.exit(main(["data", "mnist"]))
"""


def test_an_interrupt_is_one_line_and_status_130_wherever_it_falls(tmp_path):
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_AMID_AN_EXEC)
    done = subprocess.run([sys.executable, "-m", "interrupted"], stderr=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}"})
    assert (done.returncode, done.stderr) == (130, "cae-caffe data: interrupted\n")
