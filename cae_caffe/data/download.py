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
from typing import Any

from .. import files
from ..errors import RunError
from ..progress import bar

# Seconds of silence after which a server counts as gone.
_PATIENCE = 10
_WHOLE = 900        # and those that a file may take in all
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
        with _opener().open(request, timeout=seconds):
            return ""
    except _FAILURES as error:
        return str(getattr(error, "reason", error))


def _opener() -> urllib.request.OpenerDirector:
    """What opens HTTP and HTTPS, and follows redirections within them: not to files, nor to FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler,
                    urllib.request.HTTPRedirectHandler, urllib.request.HTTPDefaultErrorHandler,
                    urllib.request.HTTPErrorProcessor, urllib.request.UnknownHandler):
        opener.add_handler(handler())
    return opener


class _UnexpectedError(Exception):
    """What comes is not what was asked for, so that no other attempt is made."""


def download(url: str, path: str | os.PathLike, most: int, seconds: float = _WHOLE) -> None:
    """Fetch `url`, of `most` bytes at most, to `path` within so many seconds; RunError if that fails.

    It appears there once it is complete. What has come is kept beside it as NAME.HOST.part, and a later call asks the
    server for the rest only, or starts again if the server gives no ranges.
    """
    end = time.monotonic() + seconds
    final = Path(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    part = final.with_name(f"{final.name}.{urllib.parse.urlsplit(url).hostname}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _fetch_rest(url, part, final.name, most, end)
            files.put(part, final)
            return
        except _UnexpectedError as error:
            part.unlink(missing_ok=True)
            raise RunError(f"cannot fetch `{url}`: {error}; {final.name} has at most {most} bytes.") from None
        except _FAILURES as error:
            if time.monotonic() > end:
                have = part.stat().st_size if part.exists() else 0
                raise RunError(f"cannot fetch `{url}`: {have} bytes of {final.name} came in {seconds:g} s, which is "
                               "all the time that it may take.") from error
            if attempt == _ATTEMPTS or isinstance(error, urllib.error.HTTPError):
                raise RunError(f"cannot fetch `{url}`: {error}.") from error


def _fetch_rest(url: str, part: Path, name: str, most: int, end: float) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)      # noqa: S310 (the address is one of this package's own)
    try:
        response = _answer(request, end)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # Longer than the file is, so of no use: the next attempt starts again.
            raise ConnectionError("the part fetched earlier does not belong to it") from error
        raise
    with response:
        if response.status != http.client.PARTIAL_CONTENT:
            have = 0
        total = _length(response, have)
        if total is not None and total > most:
            raise _UnexpectedError(f"the server has {total} bytes there")
        mode = "ab" if have else "wb"
        with part.open(mode) as file, bar(total, name, "B", unit_scale=True, initial=have) as progress:
            # `read` would wait for a whole piece, however slowly it comes.
            for piece in iter(lambda: response.read1(_PIECE), b""):
                have += len(piece)
                if have > most:
                    raise _UnexpectedError(f"more than {have} bytes came")
                if time.monotonic() > end:
                    raise ConnectionError("it comes too slowly")
                file.write(piece)
                progress.update(len(piece))
        if total is not None and part.stat().st_size != total:
            raise ConnectionError(f"the connection ended after {part.stat().st_size} of {total} bytes")


def _answer(request: urllib.request.Request, end: float) -> Any:
    """The server's answer, once its header is there; TimeoutError if that takes until `end`."""
    answers: queue.Queue = queue.Queue()
    left = threading.Event()

    def ask() -> None:
        try:
            answer = _opener().open(request, timeout=_PATIENCE)
        except Exception as error:      # raised below
            answers.put(error)
        else:
            if left.is_set():
                answer.close()
            answers.put(answer)

    # In a thread, for a header that comes byte by byte knows no time limit.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        left.set()
        raise TimeoutError("no whole answer") from None
    try:
        if isinstance(answer, Exception):
            raise answer
        return answer
    finally:
        del answer      # a traceback that holds its own error would keep the connection open


def _length(response: http.client.HTTPResponse, have: int) -> int | None:
    length = response.headers.get("Content-Length")
    return None if length is None else have + int(length)
