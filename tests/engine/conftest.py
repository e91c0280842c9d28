"""The `judge` fixture: both engines side by side."""

from __future__ import annotations

import conformance
import pytest


@pytest.fixture(scope="session")
def judge(real_caffe):
    """`judge(case)` fails unless real Caffe and the embedded engine agree (support/conformance.py)."""
    return conformance.Judge(real_caffe)
