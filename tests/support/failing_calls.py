"""System calls of writers that fail one by one, or at which the process is dead, within a test's own process."""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path


class DeadError(BaseException):
    """What ends the work of a "killed" process; nothing that comes after it, no clean-up, changes the disk."""


class FailingCalls:
    """Counts mkdir, write, fsync, rename and unlink calls of Python's; call number `at` fails with `error`, if any.

    `error` is an errno, or None for a kill at that call: then a write has written its first half. Patch by `patch`.
    """

    def __init__(self, at: int = 0, error: int | None = None):
        self.at, self.error = at, error
        self.made = 0
        self.dead = False

    def patch(self, monkeypatch) -> None:
        """Put the calls in place of Python's."""
        for name in ("mkdir", "fsync", "replace", "unlink"):
            monkeypatch.setattr(os, name, self._failing(getattr(os, name), name))
        rmtree, really_open = shutil.rmtree, io.open

        def open_(file, mode="r", *rest, **options):
            opened = really_open(file, mode, *rest, **options)
            on_disk = not isinstance(file, int) and set(mode) & set("wax+")
            return _Watched(opened, self) if on_disk else opened
        monkeypatch.setattr(io, "open", open_)
        monkeypatch.setattr(Path, "open", lambda path, mode="r", *rest, **options: open_(path, mode, *rest, **options))
        monkeypatch.setattr(shutil, "rmtree", lambda *given, **options: self.dead or rmtree(*given, **options))

    def count(self, path) -> None:
        """One more call, of a file if known; raises what it fails with."""
        if self.dead:
            raise DeadError
        self.made += 1
        if self.made == self.at:
            self.dead = self.error is None
            raise DeadError if self.dead else OSError(self.error, os.strerror(self.error), *([path] if path else []))

    def _failing(self, function, name):
        def call(*given, **options):
            self.count(None if name == "fsync" else os.fspath(given[0]))
            return function(*given, **options)
        return call


class _Watched:
    """An open file whose writes are counted."""

    def __init__(self, file, calls):
        self._file, self._calls = file, calls

    def write(self, data):
        try:
            self._calls.count(None)         # Python does not say of which file a write fails
        except BaseException:
            self._file.write((data if isinstance(data, str) else bytes(data))[:len(data) // 2])
            raise
        return self._file.write(data)

    def __getattr__(self, name):
        return getattr(self._file, name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()
