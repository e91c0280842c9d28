"""The near end of the `real_caffe` and `caffe_run` fixtures: finds real Caffe, starts it, reads its last words."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import caffe_worker

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 600               # seconds; far beyond any call of the tests, so that a hang ends and says where
STDERR_LINES = 25           # how much of a dead process's last words an error repeats


def find_command() -> list[str] | None:
    """What goes before `caffe` or `python3` to run real Caffe's: .caffe/with-caffe, nothing, or None if there is none.

    The folder .caffe/ comes first since it holds the very build that the tests were written against.
    """
    wrapper = ROOT / ".caffe" / "with-caffe"
    if os.access(str(wrapper), os.X_OK):
        return [str(wrapper)]
    if shutil.which("caffe") and shutil.which("python3"):
        probe = subprocess.run(["python3", "-c", "import caffe"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               check=False)
        return [] if probe.returncode == 0 else None
    return None


def environment(log_folder: str | os.PathLike, extra: dict | None = None) -> dict:
    """The variables of a Caffe process: one BLAS thread, the repository's package importable, glog's files put away."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    variables.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", PYTHONPATH=str(ROOT), GLOG_log_dir=str(log_folder))
    variables.update(extra or {})
    return variables


def last_lines(text: str) -> str:
    return "\n".join(text.splitlines()[-STDERR_LINES:])


class RealCaffe:
    """A persistent process of real Caffe's Python. Calling this object with source code that defines `main(**kwargs)`
    runs that function there and returns its result; arguments and results are anything that pickles, arrays included.

    Raises RuntimeError with the traceback when `main` raised, or with the process's last words when it died, as it
    does on a failed CHECK of Caffe's; the next call then gets a new process.
    """

    def __init__(self, command: list[str], log_folder: str | os.PathLike):
        self._command = [*command, "python3", str(Path(caffe_worker.__file__).resolve())]
        self._environment = environment(log_folder, {"GLOG_minloglevel": "2", "MPLBACKEND": "Agg"})
        self._stderr = tempfile.TemporaryFile()     # noqa: SIM115 - close() closes it
        self._process = None

    def __call__(self, source: str, **kwargs):
        if self._process is None:
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             stderr=self._stderr, env=self._environment, cwd=str(ROOT))
        start = os.fstat(self._stderr.fileno()).st_size
        watchdog = threading.Timer(TIMEOUT, self._process.kill)
        watchdog.start()
        try:
            caffe_worker.send(self._process.stdin, (source, kwargs))
            kind, value = caffe_worker.receive(self._process.stdout)
        except (EOFError, BrokenPipeError):
            raise RuntimeError(self._last_words(start)) from None
        except BaseException:
            self._stop()        # an interrupt, or a message that does not unpickle, leaves the two ends out of step
            raise
        finally:
            watchdog.cancel()
        if kind == "error":
            raise RuntimeError(f"Inside real Caffe's Python:\n{value}")
        return value

    def _last_words(self, start: int) -> str:
        status = self._process.wait()
        self._stop()
        text = os.pread(self._stderr.fileno(), 1 << 20, start).decode("utf-8", "replace")
        return f"Real Caffe's process ended with status {status} during the call; it said:\n{last_lines(text)}"

    def close(self) -> None:
        """End the process for good."""
        if self._process is not None:
            self._stop()
        self._stderr.close()

    def _stop(self) -> None:
        process, self._process = self._process, None
        process.kill()
        process.wait()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):      # what was left to send has no reader any more
            process.stdin.close()
