"""Fetching files over HTTP, going on where an earlier attempt stopped."""

from __future__ import annotations

import http.client
import os
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from .. import files
from ..errors import RunError
from ..progress import bar

# Seconds of silence after which a server counts as gone.
_PATIENCE = 10
_ATTEMPTS = 3
_PIECE = 1 << 16

# What urllib raises when the network, the server or its answer fails (URLError and timeouts are OSErrors).
_FAILURES = (OSError, http.client.HTTPException, ValueError)


def answering(urls: Sequence[str], seconds: float = _PATIENCE) -> Mapping[str, str]:
    """Ask all `urls` at once for their header; those that fail, or are silent after `seconds`, with the reason.

    An empty reason means that the URL answers. Waiting for all at once bounds the delay where nothing can be reached.
    """
    answers: queue.Queue = queue.Queue()
    for url in urls:
        # A daemon, since a name lookup cannot be given a time limit and must not hold up the program's end.
        threading.Thread(target=lambda url=url: answers.put((url, _failure(url, seconds))), daemon=True).start()
    reasons = dict.fromkeys(urls, f"no answer in {seconds:g} s")
    end = time.monotonic() + seconds
    for _ in urls:
        try:
            url, reason = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        reasons[url] = reason
    return reasons


def _failure(url: str, seconds: float) -> str:
    try:
        request = urllib.request.Request(url, method="HEAD")        # noqa: S310 (as in `_fetch_rest`)
        with urllib.request.urlopen(request, timeout=seconds):      # noqa: S310 (as in `_fetch_rest`)
            return ""
    except _FAILURES as error:
        return str(getattr(error, "reason", error))


def download(url: str, path: str | os.PathLike) -> None:
    """Fetch `url` to `path`, which appears once it is complete; RunError if that fails.

    What has come is kept beside it as NAME.HOST.part, and a later call asks the server for the rest only, or starts
    again if the server gives no ranges.
    """
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.with_name(f"{final.name}.{urllib.parse.urlsplit(url).hostname}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _fetch_rest(url, part, final.name)
            files.put(part, final)
            return
        except _FAILURES as error:
            if attempt == _ATTEMPTS or isinstance(error, urllib.error.HTTPError):
                raise RunError(f"cannot fetch `{url}`: {error}.") from error


def _fetch_rest(url: str, part: Path, name: str) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)      # noqa: S310 (the address is one of this package's own)
    try:
        response = urllib.request.urlopen(request, timeout=_PATIENCE)       # noqa: S310 (the same)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # Longer than the file is, so of no use: the next attempt starts again.
            raise ConnectionError("the part fetched earlier does not belong to it") from error
        raise
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0
        total = _length(response, have)
        mode = "ab" if have else "wb"
        with part.open(mode) as file, bar(total, name, "B", unit_scale=True, initial=have) as progress:
            for piece in iter(lambda: response.read(_PIECE), b""):
                file.write(piece)
                progress.update(len(piece))
        if total is not None and part.stat().st_size != total:
            raise ConnectionError(f"the connection ended after {part.stat().st_size} of {total} bytes")


def _length(response: http.client.HTTPResponse, have: int) -> int | None:
    length = response.headers.get("Content-Length")
    return None if length is None else have + int(length)
