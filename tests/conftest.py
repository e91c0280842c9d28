"""Fixtures that hold this package against real Caffe, and the --long flag."""

from __future__ import annotations

import os
import subprocess

import caffe_process
import conformance
import conformance_tally
import pytest

from cae_caffe import python_layers

NO_CAFFE = "real Caffe is not here"
CAFFE_FIXTURES = {"caffe_run", "real_caffe"}
LOG_LEVEL = os.environ.get("GLOG_minloglevel")      # noqa: SIM112 - glog spells it so


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="also run the tests marked `long`, which take minutes, and "
                     "many more examples of the layers' conformance tests")


def pytest_configure(config):
    if config.getoption("--long"):
        conformance.run_long()


def pytest_collection_modifyitems(config, items):
    skip_long = pytest.mark.skip(reason="takes minutes; runs with --long")
    for item in items:
        if item.get_closest_marker("long") and not config.getoption("--long"):
            item.add_marker(skip_long)
        if CAFFE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.caffe)


def pytest_terminal_summary(terminalreporter, config):
    counted = conformance_tally.lines()
    if counted:
        terminalreporter.section("layers held against real Caffe", sep="-")
        for line in counted if config.getoption("--long") or config.getoption("verbose") > 0 else counted[-1:]:
            terminalreporter.write_line(line)
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_CAFFE in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"WARNING: {len(skipped)} tests that hold the engine against real Caffe DID NOT RUN, for it is not in "
            ".caffe/; run scripts/install-caffe and test again.", red=True, bold=True)


@pytest.fixture(autouse=True)
def python_layers_as_at_first(monkeypatch):
    """Commands that only look at a net refuse Python layers for their process."""
    monkeypatch.setenv(python_layers.VARIABLE, "")      # noted first, so that what the test sets is undone
    monkeypatch.delenv(python_layers.VARIABLE)


@pytest.fixture(autouse=True)
def log_level_of_the_environment(monkeypatch):
    """Each test begins with the log level that the whole run began with: commands set one for their process."""
    if LOG_LEVEL is None:
        monkeypatch.setenv("GLOG_minloglevel", "")      # noted first, so that what the test sets is undone
        monkeypatch.delenv("GLOG_minloglevel")
    else:
        monkeypatch.setenv("GLOG_minloglevel", LOG_LEVEL)


@pytest.fixture(scope="session")
def caffe_command():
    """What goes before a command to run it with real Caffe; skips the test where there is none."""
    command = caffe_process.find_command()
    if command is None:
        pytest.skip(f"{NO_CAFFE}: scripts/install-caffe puts it into .caffe/")
    return command


@pytest.fixture(scope="session")
def caffe_run(caffe_command, tmp_path_factory):
    """`caffe_run(args, cwd=None, check=True, env=None)`: run a command with real Caffe (`["caffe", "train", ...]`).

    Returns a subprocess.CompletedProcess with text captured (Caffe's log is on stderr); `env` adds variables. Fails the
    test with the command's last words if the exit status is not 0, unless `check` is false.
    """
    log_folder = tmp_path_factory.mktemp("glog")

    def run(args, cwd=None, check=True, env=None):
        words = [*caffe_command, *map(str, args)]
        done = subprocess.run(words, cwd=str(cwd or caffe_process.ROOT), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False, timeout=caffe_process.TIMEOUT,
                              env=caffe_process.environment(log_folder, env))
        if check and done.returncode:
            pytest.fail(f"`{' '.join(words)}` ended with status {done.returncode}; it said:\n"
                        f"{caffe_process.last_lines(done.stderr)}")
        return done

    return run


@pytest.fixture(scope="session")
def real_caffe(caffe_command, tmp_path_factory):
    """`real_caffe(source, **kwargs)`: call `main(**kwargs)` of `source` in real Caffe's Python (see RealCaffe)."""
    worker = caffe_process.RealCaffe(caffe_command, tmp_path_factory.mktemp("glog"))
    yield worker
    worker.close()
