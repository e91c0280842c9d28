"""Downloads: whole, broken off and resumed, and refused."""

from __future__ import annotations

import socket

import pytest

from cae_caffe.data import download as module
from cae_caffe.data.download import answering, download
from cae_caffe.errors import RunError

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def server(file_server):
    return file_server({"file": CONTENT})


def part(folder):
    return folder / "file.127.0.0.1.part"


def ranges(server):
    return [wanted for _, _, wanted in server.requests]


def test_a_whole_file(server, tmp_path):
    download(server.url + "file", tmp_path / "new" / "file")
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["file"]


def test_a_broken_connection_is_resumed_where_it_broke(server, tmp_path):
    server.cut_after, server.cuts = 100_000, 2
    download(server.url + "file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert ranges(server) == [None, "bytes=100000-", "bytes=200000-"]


def test_a_later_call_resumes_what_an_earlier_one_left(server, tmp_path):
    server.cut_after, server.cuts = 10, 3
    with pytest.raises(RunError, match=r"cannot fetch `.*file`: the connection ended after 30 of 256000 bytes"):
        download(server.url + "file", tmp_path / "file")
    assert part(tmp_path).read_bytes() == CONTENT[:30] and not (tmp_path / "file").exists()
    download(server.url + "file", tmp_path / "file")
    assert ranges(server)[-1] == "bytes=30-"
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(server, tmp_path):
    server.ranges = False
    part(tmp_path).write_bytes(CONTENT[:1000])
    download(server.url + "file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_part_that_cannot_belong_to_the_file_is_dropped(server, tmp_path):
    part(tmp_path).write_bytes(CONTENT * 2)
    download(server.url + "file", tmp_path / "file")
    assert ranges(server) == ["bytes=512000-", None]
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_file_that_is_not_served_is_asked_for_once(server, tmp_path):
    with pytest.raises(RunError, match=r"cannot fetch `.*absent`: HTTP Error 404"):
        download(server.url + "absent", tmp_path / "absent")
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
            download(url, tmp_path / "file")
