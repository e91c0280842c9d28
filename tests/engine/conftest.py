"""What tests of the engine share: both engines side by side, and nets built from text without a word."""

from __future__ import annotations

import conformance
import pytest

from cae_caffe.engine import log


@pytest.fixture(scope="session")
def judge(real_caffe):
    """`judge(case)` fails unless real Caffe and the embedded engine agree (support/conformance.py)."""
    return conformance.Judge(real_caffe)


@pytest.fixture
def silent_log(monkeypatch):
    """The engine logs errors alone."""
    monkeypatch.setattr(log, "_minimum", log.LEVELS["ERROR"])


@pytest.fixture
def build_train_net(tmp_path, silent_log):
    """`build_train_net(text)`: the engine's net of a prototxt in the phase TRAIN."""
    from cae_caffe.engine.net import Net

    def build(text):
        path = tmp_path / "net.prototxt"
        path.write_text(text, encoding="utf-8")
        return Net.from_file(str(path), "TRAIN")
    return build
