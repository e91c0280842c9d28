"""The documentation: its links and commands, its Python, and the site that is built of it."""

from __future__ import annotations

import argparse
import html.parser
import importlib
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import cae_caffe
from cae_caffe import glog
from cae_caffe.cli import caffe_flags, main, make_prototxt
from cae_caffe.families import presets

ROOT = Path(__file__).resolve().parents[1]
WRITTEN = sorted([*ROOT.glob("*.md"), *(ROOT / "cae_caffe").rglob("*.md"), *(ROOT / "docs").rglob("*.md"),
                  ROOT / "data" / "README.md"])
OFFLINE = """\
import socket

def refuse(*_):
    raise OSError("the site is built without a network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
"""
# What a browser fetches by itself to show a page: attributes by tag. Links (<a>) it follows only when told to.
FETCHED = {"script": ("src",), "link": ("href",), "img": ("src", "srcset"), "iframe": ("src",), "object": ("data",),
           "source": ("src", "srcset"), "embed": ("src",), "audio": ("src",), "video": ("src", "poster"),
           "image": ("href",)}


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_every_link_leads_to_a_file(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text) if ":" not in target]
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def _commands() -> list[str]:
    """The lines of the documents' listings that are commands of this package, without what follows them."""
    lines = [line.strip() for page in WRITTEN for line in page.read_text(encoding="utf-8").splitlines()
             if re.match(r" {4}(\.venv/bin/)?(cae-caffe|make-prototxt)\b", line)]
    lines = [re.sub(r"\s+(2?>|\|).*|\s{3,}.*", "", line) for line in lines]      # redirections, remarks
    return sorted({line for line in lines if "..." not in line})


@pytest.mark.parametrize("line", _commands())
def test_every_command_in_the_documents_is_one(line, monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))        # what is read of flags for the log is forgotten
    monkeypatch.setattr(glog, "_program", None)
    program, *words = shlex.split(line, comments=True)
    module = make_prototxt
    if program == "cae-caffe":
        if words[0].startswith("-"):
            return
        if words[0] in caffe_flags.ACTIONS:
            words = caffe_flags.read(words)
        command = words.pop(0)
        assert command in main.COMMANDS
        module = main.module_of(command)
    parser = argparse.ArgumentParser(prog=line, allow_abbrev=False)
    module.add_arguments(parser)
    parser.parse_args(words)        # ends the process, and so the test, where a flag is wrong


def _python_of(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def _run_python(code: str, folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg"})
    assert done.returncode == 0, done.stderr


def test_the_python_of_own_architectures_runs(tmp_path):
    for code in _python_of("docs/how-to/own-architecture.md"):
        _run_python(code, tmp_path)
    assert (tmp_path / "prototxt" / "mine" / "solver.prototxt").exists()
    assert "InnerProduct" in (tmp_path / "train.prototxt").read_text(encoding="utf-8")


def test_the_python_of_the_notebook_tutorial_and_of_the_readme_runs(tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    make_prototxt.main(["cae1-n2"])
    (tmp_path / "data").mkdir()
    with h5py.File("data/mnist_test.h5", "w") as file:
        file["data"] = np.zeros((20, 1, 28, 28), np.float32)
        file["label"] = np.arange(20, dtype=np.float32) % 10
    untrained = ("from cae_caffe import pycaffe as caffe\n"
                 "net = caffe.Net('prototxt/cae1-n2/deploy.prototxt', caffe.TEST)\n"
                 "net.save('prototxt/cae1-n2/cae1-n2_iter_20000.caffemodel')\n")
    tutorial, readme = _python_of("docs/tutorials/caffemodel-in-a-notebook.md"), _python_of("README.md")
    assert len(tutorial) == 4 and len(readme) == 1
    _run_python("\n".join([untrained, *tutorial, "image = 0", *readme]), tmp_path)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site's folder."""
    for module in ("mkdocs", "material"):
        pytest.importorskip(module, reason="THE SITE IS NOT BUILT: scripts/docs installs what builds it")
    offline, folder = tmp_path_factory.mktemp("offline"), tmp_path_factory.mktemp("site")
    (offline / "sitecustomize.py").write_text(OFFLINE, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)], cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join([str(offline), str(ROOT)]),
                               "NO_MKDOCS_2_WARNING": "1"},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class _Fetched(html.parser.HTMLParser):
    """The addresses that a page fetches, the anchors that it has, and its text."""

    def __init__(self, page: Path):
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name == "id":
                self.anchors.add(value)
            elif name in FETCHED.get(tag, ()):
                self.addresses.append(value or "")
            elif name == "style":
                self.addresses += re.findall(r"url\(\s*['\"]?([^'\")]+)", value or "")
            elif name == "class" and "mermaid" in (value or ""):
                self.addresses.append("https://mermaid, which the theme loads for it")

    def handle_data(self, data):
        self.text += data


def _elsewhere(addresses) -> list[str]:
    return [address for address in addresses if re.match(r"\s*(https?:|//)", address)]


def test_no_page_loads_anything_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    loaded = {page.name: _elsewhere(_Fetched(page).addresses) for page in pages}
    assert {name: addresses for name, addresses in loaded.items() if addresses} == {}
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not _elsewhere(re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", text)), style


def test_what_a_page_fetches_is_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text('<script src="https://a/x.js"></script><link href="//b/x.css"><a href="https://c"></a>'
                    '<img src="d.png"><p style="background: url(http://e/f.png)"></p>', encoding="utf-8")
    assert _elsewhere(_Fetched(page).addresses) == ["https://a/x.js", "//b/x.css", "http://e/f.png"]


def test_the_reference_has_every_command_as_its_help_has_it(site, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "96")
    page = _Fetched(site / "reference" / "commands.html")
    for command in main.COMMANDS:
        assert f"cae-caffe-{command}" in page.anchors
        with pytest.raises(SystemExit):
            main.main([command, "--help"])
        about = capsys.readouterr().out
        flags = [line for line in about.splitlines() if re.match(r"  -(?!.*--(debug|fork))", line)]
        assert [line for line in flags if line not in page.text] == []
    for flag in ("--debug", "--fork"):      # of every command, told once
        assert flag in page.text


def test_the_reference_has_every_model(site):
    text = _Fetched(site / "reference" / "models.html").text
    assert [model for model in presets() if model not in text] == []


def test_the_reference_has_every_public_name(site):
    pytest.importorskip("torch")
    for module in pkgutil.iter_modules(cae_caffe.__path__):
        names = getattr(importlib.import_module(f"cae_caffe.{module.name}"), "__all__", []) if module.ispkg else []
        if names:
            page = _Fetched(site / "reference" / "python" / f"{module.name}.html")
            assert [name for name in names if not any(name in line.split() for line in page.text.splitlines())] == []
