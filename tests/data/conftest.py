"""A web server of one test's own."""

from __future__ import annotations

import http.server
import threading

import pytest


class FileServer:
    """Serves `files`, bytes by name, on this machine.

    `requests` collects (method, name, Range header). `cut_after` bytes it breaks an answer off, once a GET while
    `cuts` lasts; `ranges` false makes it ignore Range headers.
    """

    def __init__(self, files):
        self.files = files
        self.requests = []
        self.ranges = True
        self.cut_after = None
        self.cuts = 0
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self):
        """Answer no more; further calls do nothing."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    def _handler(outer):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_HEAD(self):
                self._answer()

            def do_GET(self):
                body = self._answer()
                if outer.cuts and body:
                    outer.cuts -= 1
                    body = body[:outer.cut_after]
                self.wfile.write(body)

            def _answer(self):
                name, wanted = self.path[1:], self.headers.get("Range")
                outer.requests.append((self.command, name, wanted))
                content = outer.files.get(name)
                start = int(wanted[len("bytes="):-1]) if wanted and outer.ranges else 0
                if content is None or start >= len(content):
                    self.send_error(404 if content is None else 416)
                    return b""
                self.send_response(206 if start else 200)
                self.send_header("Content-Length", str(len(content) - start))
                self.end_headers()
                return content[start:]

            def log_message(self, *args):
                pass

        return Handler


@pytest.fixture
def file_server(monkeypatch):
    """`file_server(files)`: a FileServer, stopped at the test's end."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    servers = []

    def start(files):
        servers.append(FileServer(files))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
