"""The walk that the graph's README shows runs and says what it claims."""

from __future__ import annotations

from pathlib import Path

import pytest

import cae_caffe.graph

ROOT = Path(__file__).resolve().parents[2]


def test_the_readmes_walk_runs(capsys, monkeypatch):
    pytest.importorskip("torch", reason="the embedded engine needs PyTorch")
    from cae_caffe.engine import log
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])
    monkeypatch.chdir(ROOT)
    text = Path(cae_caffe.graph.__file__).with_name("README.md").read_text(encoding="utf-8")
    code = text.split("```python\n")[1].split("```")[0]
    exec(compile(code, "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Input [] [('data_0', (1, 1, 28, 28))] []"
    assert lines[1] == "Convolution ['data_0'] [('conv1_1', (1, 4, 20, 20))] [(4, 1, 9, 9), (4,)]"
    assert lines[-1] == "['data_0'] ['deconv1neursig_16']"
