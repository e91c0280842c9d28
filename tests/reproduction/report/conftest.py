"""The browser of the report's tests."""

from __future__ import annotations

import chromium
import pytest

NO_BROWSER = "no browser is here"


def pytest_terminal_summary(terminalreporter):
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_BROWSER in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"WARNING: {len(skipped)} tests that open the report in a browser DID NOT RUN; install Chromium (apt-get "
            "install chromium) and test again.", red=True, bold=True)


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium; skips where there is none."""
    program = chromium.find()
    if program is None:
        pytest.skip(f"{NO_BROWSER}: apt-get install chromium")
    found = chromium.Browser(program, tmp_path_factory.mktemp("chromium"))
    yield found
    found.close()
