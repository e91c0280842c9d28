"""The scripts' ways out: what they say and leave behind where something is missing, and how little a second run does.

Each runs with a PATH of its own: a few of the host's tools and stubs for the rest, so nothing is downloaded.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = [*sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file()), ROOT / ".ci" / "run"]
TOOLS = ("basename", "cat", "cp", "dirname", "env", "find", "flock", "grep", "head", "mkdir", "mv", "readlink", "rm",
         "rmdir", "sed", "sh", "tail", "wc")
STUBS = {"uname": "echo x86_64", "apt-get": "exit 0", "apt-config": "exit 0", "dpkg-deb": "exit 0", "tar": "exit 0"}


@pytest.fixture
def bench(tmp_path):
    """A folder with bin/ for PATH, a keyring, and copies of the scripts."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(shutil.which(tool))
    for name, body in STUBS.items():
        _stub(tmp_path, name, body)
    (tmp_path / "keyring.gpg").write_bytes(b"")
    shutil.copytree(str(ROOT / "scripts"), str(tmp_path / "scripts"))
    return tmp_path


def _stub(bench, name, body):
    path = bench / name if "/" in name else bench / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _run(bench, script, *words, **variables):
    environment = {"PATH": str(bench / "bin"), "HOME": str(bench), "KEYRING": str(bench / "keyring.gpg"), **variables}
    return subprocess.run([shutil.which("bash"), str(bench / "scripts" / script), *map(str, words)], env=environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _refuses_install(bench, pattern, *words, status=1, **variables):
    """The install stops with that status and one sentence, and leaves nothing behind."""
    done = _run(bench, "install-caffe", "--prefix", bench / "caffe", *words, **variables)
    assert pattern in done.stderr and done.stderr.startswith("install-caffe: ") and done.returncode == status
    assert not list(bench.glob("caffe*"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_parses_and_is_executable(script):
    assert os.access(str(script), os.X_OK)
    if script.read_text(encoding="utf-8").startswith("#!/bin/bash"):
        assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_an_install_that_is_there_is_left_alone(bench):
    script = (bench / "scripts" / "install-caffe").read_text(encoding="utf-8").replace("\\\n", "")
    (bench / "caffe").mkdir()
    (bench / "caffe" / "PACKAGES").write_text(re.search('PACKAGES="(.*)"', script)[1] + "\n")
    done = _run(bench, "install-caffe", "--prefix", bench / "caffe")
    assert f"Caffe is in {bench / 'caffe'} already" in done.stdout and done.returncode == 0


def test_the_folder_is_that_of_the_repository_unless_told(bench):
    _stub(bench, "caffe", "echo caffe version 9")
    assert f"into {bench}/.caffe all the same" in _run(bench, "install-caffe").stdout


def test_a_caffe_on_path_is_found_first(bench):
    _stub(bench, "caffe", "echo caffe version 9")
    done = _run(bench, "install-caffe", "--prefix", bench / "caffe")
    assert f"the program {bench}/bin/caffe; nothing was installed (--force" in done.stdout and done.returncode == 0
    assert not (bench / "caffe").exists()


def test_an_importable_caffe_is_found_first(bench):
    _stub(bench, "python3", "echo the Python package /opt/caffe")
    done = _run(bench, "install-caffe", "--prefix", bench / "caffe")
    assert "the Python package /opt/caffe; nothing was installed" in done.stdout and done.returncode == 0


def test_another_program_named_caffe_is_no_caffe(bench):
    _stub(bench, "caffe", "echo coffee")
    _refuses_install(bench, "MIRROR=URL")


def test_force_installs_beside_the_users_caffe(bench):
    _stub(bench, "caffe", "echo caffe version 9")
    _refuses_install(bench, "MIRROR=URL", "--force")


def test_wrong_arguments_are_wrong_use(bench):
    _refuses_install(bench, "'--frefix' is unknown. Usage:", "--frefix", status=2)
    _refuses_install(bench, "--prefix needs a folder.", "--prefix", status=2)


@pytest.mark.parametrize("tool", ["apt-get", "apt-config", "dpkg-deb", "tar", "flock"])
def test_a_missing_tool_is_named(bench, tool):
    (bench / "bin" / tool).unlink()
    _refuses_install(bench, f"The program {tool} is missing")


def test_another_architecture_is_refused(bench):
    _stub(bench, "uname", "echo riscv64")
    _refuses_install(bench, "This machine is riscv64")


def test_a_missing_keyring_is_named(bench):
    _refuses_install(bench, "keyring none.gpg (from KEYRING) cannot be read", KEYRING="none.gpg")
    script = bench / "scripts" / "install-caffe"
    script.write_text(script.read_text(encoding="utf-8").replace("/usr/share/keyrings", "/none"), encoding="utf-8")
    _refuses_install(bench, "install the package debian-archive-keyring", KEYRING="")


def test_a_host_without_debian_sources_is_asked_for_a_mirror(bench):
    _stub(bench, "apt-get", "echo \"'http://mirror.example/other/dists/some/InRelease' x 0\"")
    _refuses_install(bench, "apt sources name no Debian mirror")
    _stub(bench, "apt-get", "exit 100")
    _refuses_install(bench, "apt sources name no Debian mirror")


def test_the_mirror_is_that_of_the_hosts_sources(bench):
    _stub(bench, "apt-get", """[ "$1" = --print-uris ] || { echo "E: no network"; exit 100; }
echo "'http://updates.example/debian-security/dists/bookworm-security/InRelease' x 0"
echo "'http://mirror.example/debian/dists/bookworm/InRelease' x 0" """)
    done = _run(bench, "install-caffe", "--prefix", bench / "caffe")
    assert "could not be read from the mirror http://mirror.example/debian, or its signature" in done.stderr
    assert "    E: no network" in done.stderr and done.returncode == 1
    assert not list(bench.glob("caffe*"))


def test_a_folder_with_something_else_in_it_is_not_replaced(bench):
    (bench / "caffe").mkdir()
    (bench / "caffe" / "thesis.txt").write_text("years of work")
    done = _run(bench, "install-caffe", "--force", "--prefix", bench / "caffe")
    assert "holds something other than Caffe" in done.stderr and done.returncode == 1
    assert [path.name for path in bench.glob("caffe*/*")] == ["thesis.txt"]


def test_an_offline_folder_without_a_signed_release_is_refused(bench):
    _refuses_install(bench, "has no dists/bullseye/InRelease; make one with KEEP_DEBS", DEBS=str(bench))


def test_two_installs_do_not_meet(bench):
    part = bench / "caffe.part"
    part.mkdir()
    (part / "file").write_text("of the other install")
    handle = os.open(str(part), os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        done = _run(bench, "install-caffe", "--prefix", bench / "caffe", MIRROR="x")
    finally:
        os.close(handle)
    assert "is under way" in done.stderr and done.returncode == 1
    assert (part / "file").exists()


def test_setup_wants_a_modern_python(bench):
    assert "is older than 3.10" in _run(bench, "setup", PYTHON="/bin/false").stderr
    assert "No Python 3.10 or newer is on PATH" in _run(bench, "setup").stderr


def test_setup_installs_again_only_for_a_reason(bench):
    (bench / "pyproject.toml").write_text("[project]")
    _stub(bench, ".venv/bin/python", f'[ "$1" != -m ] || echo "$@" >> {bench}/installs')

    def installs(**variables):
        assert _run(bench, "setup", **variables).returncode == 0
        return (bench / "installs").read_text().splitlines()

    assert len(installs()) == 3         # all but LevelDB's library, that, which not every machine has, and OpenCV 5
    assert len(installs()) == 3
    (bench / "pyproject.toml").write_text("[project] # changed")
    assert len(installs()) == 5
    with_torch = installs(TORCH="torch==9")
    assert len(with_torch) == 8 and with_torch[5].endswith("torch==9")
    (bench / ".judges/opencv5/asked").write_text("opencv-python-headless==5.0.1")
    again = installs(TORCH="torch==9")
    assert len(again) == 9 and "--target .judges/opencv5" in again[8]


def test_setup_does_without_opencv_5_where_it_cannot_be_had(bench):
    (bench / "pyproject.toml").write_text("[project]")
    _stub(bench, ".venv/bin/python", 'case "$*" in *--target*) exit 1;; esac')
    done = _run(bench, "setup")
    assert "OpenCV 5 cannot be installed; the tests that ask it skip" in done.stdout + done.stderr
    assert done.returncode == 0 and not (bench / ".judges/opencv5").exists()


def test_setup_that_fails_is_not_taken_for_done(bench):
    (bench / "pyproject.toml").write_text("[project]")
    _stub(bench, ".venv/bin/python", '[ "$1" != -m ]')
    for _ in range(2):
        done = _run(bench, "setup")
        assert "pip cannot install this package" in done.stderr and done.returncode == 1


def test_the_tests_run_without_caffe_but_say_so(bench):
    _stub(bench, "scripts/setup", "exit 0")
    _stub(bench, "scripts/lint", "exit 0")
    _stub(bench, "scripts/install-caffe", "exit 1")
    _stub(bench, ".venv/bin/python", 'echo "$OMP_NUM_THREADS $@"')
    done = _run(bench, "test", "-k", "a b")
    assert "DO NOT RUN" in done.stderr
    assert done.stdout == "1 -m pytest -k a b\n" and done.returncode == 0


def test_no_test_runs_where_lint_finds_something(bench):
    for script, status in {"setup": 0, "install-caffe": 0, "lint": 1}.items():
        _stub(bench, f"scripts/{script}", f"exit {status}")
    _stub(bench, ".venv/bin/python", "echo a test ran")
    done = _run(bench, "test")
    assert "no test ran, for ruff and mypy come first" in done.stderr and done.stdout == "" and done.returncode == 1


@pytest.mark.parametrize(("failing", "named"), [("ruff", "lint: ruff found"), ("mypy", "lint: mypy found"),
                                                ("ruff mypy", "lint: ruff and mypy found")])
def test_lint_runs_both_tools_and_names_the_one_that_found_something(bench, failing, named):
    _stub(bench, "scripts/setup", "exit 0")
    _stub(bench, ".venv/bin/python", f"""echo "$2"
case " {failing} " in *" $2 "*) exit 1 ;; esac""")
    done = _run(bench, "lint")
    assert named in done.stderr and done.stdout == "ruff\nmypy\n" and done.returncode == 1
    _stub(bench, ".venv/bin/python", "exit 0")
    done = _run(bench, "lint")
    assert done.stderr == "" and done.returncode == 0


def test_the_site_is_built_strictly(bench):
    _stub(bench, "scripts/setup", "exit 0")
    _stub(bench, ".venv/bin/python", f'echo "$*" >> {bench}/calls')
    assert _run(bench, "docs", "out").returncode == 0
    assert (bench / "calls").read_text() == "-m mkdocs build --quiet --strict --site-dir out\n"


def test_children_of_caffes_python_have_caffe_too(caffe_run):
    source = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', 'import caffe']))"
    caffe_run(["python3", "-c", source])


def test_a_hostile_library_path_does_not_reach_caffe(caffe_run, tmp_path):
    (tmp_path / "libstdc++.so.6").write_text("not a library")
    caffe_run(["caffe", "--version"], env={"LD_LIBRARY_PATH": str(tmp_path)})
