"""Downloads: whole, broken off and resumed, and refused."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from cae_caffe.data import download as module
from cae_caffe.data.download import answering, download
from cae_caffe.errors import RunError

CONTENT = bytes(range(256)) * 1000
MOST = len(CONTENT)


@pytest.fixture
def server(file_server):
    return file_server({"file": CONTENT})


def part(folder):
    return folder / "file.127.0.0.1.part"


def ranges(server):
    return [wanted for _, _, wanted in server.requests]


def test_a_whole_file(server, tmp_path):
    download(server.url + "file", tmp_path / "new" / "file", MOST)
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_a_broken_connection_is_resumed_where_it_broke(server, tmp_path):
    server.cut_after, server.cuts = 100_000, 2
    download(server.url + "file", tmp_path / "file", MOST)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=100000-", "bytes=200000-"]


def test_a_later_call_resumes_what_an_earlier_one_left(server, tmp_path):
    server.cut_after, server.cuts = 10, 3
    with pytest.raises(RunError, match=r"cannot fetch `.*file`: the connection ended after 30 of 256000 bytes"):
        download(server.url + "file", tmp_path / "file", MOST)
    assert part(tmp_path).read_bytes() == CONTENT[:30] and not (tmp_path / "file").exists()
    download(server.url + "file", tmp_path / "file", MOST)
    assert ranges(server)[-1] == "bytes=30-"
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.ranges = False
    part(tmp_path).write_bytes(CONTENT[:1000])
    download(server.url + "file", tmp_path / "file", MOST)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_part_that_cannot_belong_to_the_file_is_dropped(server, tmp_path):
    part(tmp_path).write_bytes(CONTENT * 2)
    download(server.url + "file", tmp_path / "file", MOST)
    assert ranges(server) == ["bytes=512000-", None]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_file_that_is_not_served_is_asked_for_once(server, tmp_path):
    with pytest.raises(RunError, match=r"cannot fetch `.*absent`: HTTP Error 404"):
        download(server.url + "absent", tmp_path / "absent", MOST)
    assert len(server.requests) == 1


def test_answering_tells_who_answers_and_why_others_do_not(server, file_server):
    closed = file_server({})
    closed.stop()
    urls = [server.url + "file", server.url + "absent", closed.url + "file", "no-url"]
    reasons = answering(urls)
    assert list(reasons) == urls
    assert reasons[urls[0]] == ""
    assert reasons[urls[1]] == "Not Found" and "refused" in reasons[urls[2]] and "unknown url type" in reasons[urls[3]]


def test_a_server_that_keeps_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        assert answering([url], seconds=0.05)[url] in ("no answer in 0.05 s", "timed out")
        with pytest.raises(RunError, match="timed out"):
            download(url, tmp_path / "file", MOST)


def test_more_than_is_due_is_refused_by_its_length(server, tmp_path):
    with pytest.raises(RunError, match=r"file`: the server has 256000 bytes there; file has at most 1000 bytes\."):
        download(server.url + "file", tmp_path / "file", 1000)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def raw_server(monkeypatch):
    """`raw_server(answer)`: an address where `answer` is called with each connection's socket."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    listening = socket.create_server(("127.0.0.1", 0))

    def start(answer):
        def serve():
            with contextlib.suppress(OSError):
                while True:
                    connection = listening.accept()[0]
                    with connection, contextlib.suppress(OSError):
                        connection.recv(1000)
                        answer(connection)
        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{listening.getsockname()[1]}/file"

    yield start
    listening.close()


def endless(piece, begin=b"HTTP/1.0 200 OK\r\n\r\n", every=0.0):
    def answer(connection):
        connection.sendall(begin)
        while True:
            connection.sendall(piece)
            time.sleep(every)
    return answer


def test_more_than_is_due_is_refused_when_it_comes(raw_server, tmp_path):
    with pytest.raises(RunError, match=r"file`: more than \d+ bytes came; file has at most 1000 bytes\."):
        download(raw_server(endless(b"x" * 300)), tmp_path / "file", 1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("begin", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.0 200 OK\r\nX: "])
def test_what_comes_byte_by_byte_ends_in_time(raw_server, tmp_path, begin):
    with pytest.raises(RunError, match=r"file`: \d+ bytes of file came in 0\.2 s, which is all the time"):
        download(raw_server(endless(b"x", begin, 0.01)), tmp_path / "file", MOST, seconds=0.2)


@pytest.mark.parametrize("where", ["ftp://127.0.0.1/file", "file:///etc/passwd", "data:,x"])
def test_redirections_leave_http_nowhere(raw_server, tmp_path, where):
    def redirect(connection):
        connection.sendall(f"HTTP/1.0 302 Found\r\nLocation: {where}\r\n\r\n".encode())

    with pytest.raises(RunError, match=r"cannot fetch .*(unknown url type|HTTP Error 302)"):
        download(raw_server(redirect), tmp_path / "file", MOST)
