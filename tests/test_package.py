"""The wheel: what is in it, and that it works where the repository is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

from cae_caffe.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("cae_caffe", "README.md", "LICENSE", "pyproject.toml")       # of the wheel


def _run(*words, **options):
    done = subprocess.run([*map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built without a network from a copy, for building leaves files behind."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
         "--disable-pip-version-check", "--wheel-dir", out, source, cwd=out)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """`installed(*words)`: what a command prints that runs elsewhere, with the wheel's package and no other."""
    folder, elsewhere = tmp_path_factory.mktemp("installed"), tmp_path_factory.mktemp("elsewhere")
    _run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check",
         "--target", folder, wheel)
    environment = {**os.environ, "PYTHONPATH": str(folder)}

    def run(*words):
        command = [sys.executable, *words] if words[0].startswith("-") else [folder / "bin" / words[0], *words[1:]]
        return _run(*command, cwd=elsewhere, env=environment)

    run.folder, run.elsewhere = folder, elsewhere
    return run


def test_the_wheel_has_every_file_of_the_package_and_nothing_else(wheel):
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "cae_caffe").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if f"cae_caffe-{VERSION}.dist-info/" not in name}
    assert files == ours
    assert {"cae_caffe/py.typed", "cae_caffe/schema/caffe.desc"} <= files


def test_the_wheel_says_whose_it_is_and_under_which_license(wheel):
    with zipfile.ZipFile(wheel) as archive:
        about = HeaderParser().parsestr(archive.read(f"cae_caffe-{VERSION}.dist-info/METADATA").decode())
        license_text = archive.read(f"cae_caffe-{VERSION}.dist-info/licenses/LICENSE").decode()
    assert about["Version"] == VERSION
    assert about["Author"] == "the cae-caffe developers"
    assert about["License-Expression"] == "BSD-2-Clause"
    assert license_text == (ROOT / "LICENSE").read_text(encoding="utf-8")


def test_the_installed_package_is_imported_from_where_it_is(installed):
    file = Path(installed("-c", "import cae_caffe; print(cae_caffe.__file__)").strip())
    assert file == installed.folder / "cae_caffe" / "__init__.py"
    assert installed("cae-caffe", "--version") == f"cae-caffe {VERSION}\n"


def test_the_installed_commands_write_and_read_nets(installed):
    assert "prototxt/cae1-n2: 18 files" in installed("make-prototxt", "cae1-n2")
    deploy = installed.elsewhere / "prototxt" / "cae1-n2" / "deploy.prototxt"
    assert deploy.read_bytes() == (ROOT / "prototxt" / "cae1-n2" / "deploy.prototxt").read_bytes()
    code = ("import sys; from cae_caffe import schema; net = schema.read_net(sys.argv[1]); "
            "print(len(net.layer), 'torch' in sys.modules)")
    assert installed("-c", code, str(deploy)) == "17 False\n"


def test_the_installed_engine_runs_a_net(installed):
    pytest.importorskip("torch")
    installed("make-prototxt", "cae1-n2")
    assert "74893" in installed("cae-caffe", "summary", "prototxt/cae1-n2/deploy.prototxt")


def test_the_changelog_begins_with_this_version():
    first = next(line for line in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
                 if line.startswith("## "))
    assert first.split()[1] == VERSION
