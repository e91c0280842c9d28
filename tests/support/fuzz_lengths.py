"""How many damaged files a test of tests/fuzz tries: a few in each run, many with --long, and always the same ones."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

QUICK = settings(max_examples=40, derandomize=True, database=None, deadline=None,
                 suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=5000)

# The test takes `tries`, a decorator of what hypothesis gives damage to.
in_both_lengths = pytest.mark.parametrize("tries", [QUICK, pytest.param(LONG, marks=pytest.mark.long)],
                                          ids=["quick", "long"])
