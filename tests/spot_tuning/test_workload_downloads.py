"""Downloads against a real server on loopback: resumed, checked, never half a file."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from helpers.spot_tuning import workload_downloads as downloads
from helpers.spot_tuning.workload_downloads import RemoteFile, fetch, find_file

CONTENT = bytes(range(256)) * 400


class _Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT with ranges; ``cut`` answers end after that many bytes."""

    ranges: ClassVar[list[str | None]] = []
    cut: int | None = None
    honours_ranges = True

    def do_GET(self) -> None:
        asked = self.headers.get("Range") if self.honours_ranges else None
        self.ranges.append(self.headers.get("Range"))
        first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if first >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(CONTENT) - first))
        self.end_headers()
        self.wfile.write(CONTENT[first:][: self.cut])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Server]]:
    handler = type("Handler", (_Server,), {"ranges": []})
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{site.server_port}/data.bin"
    remote = RemoteFile(url, hashlib.sha256(CONTENT).hexdigest())
    monkeypatch.setitem(downloads.DATASETS, "test", (remote,))
    yield handler
    site.shutdown()


def test_download_once(server: type[_Server], tmp_path: Path) -> None:
    assert fetch("test", tmp_path) == [tmp_path / "data.bin"]
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    fetch("test", tmp_path)
    assert server.ranges == [None]
    assert [path.name for path in tmp_path.iterdir()] == ["data.bin"]


@pytest.mark.parametrize("honours", [True, False])
def test_a_broken_download_goes_on(
    server: type[_Server], tmp_path: Path, honours: bool
) -> None:
    server.cut = 5000
    with pytest.raises(ConnectionError, match="call again to go on"):
        fetch("test", tmp_path)
    assert not (tmp_path / "data.bin").exists()
    server.cut, server.honours_ranges = None, honours
    (path,) = fetch("test", tmp_path)
    assert path.read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=5000-"]


def test_a_complete_partial_file_is_only_checked(
    server: type[_Server], tmp_path: Path
) -> None:
    (tmp_path / "data.bin.partial").write_bytes(CONTENT)
    assert fetch("test", tmp_path)[0].read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(
    server: type[_Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (remote,) = downloads.DATASETS["test"]
    wrong = RemoteFile(remote.url, "0" * 64)
    monkeypatch.setitem(downloads.DATASETS, "test", (wrong,))
    with pytest.raises(ValueError, match="checksum"):
        fetch("test", tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = RemoteFile("http://127.0.0.1:9/data.bin", "0" * 64)
    monkeypatch.setitem(downloads.DATASETS, "test", (nowhere,))
    with pytest.raises(ConnectionError, match=r"copy data.bin into"):
        fetch("test", tmp_path, timeout=2)


def test_unknown_data_set() -> None:
    with pytest.raises(ValueError, match="did you mean 'cifar10'"):
        fetch("cifar")


def test_published_files_have_checksums() -> None:
    for files in downloads.DATASETS.values():
        for remote in files:
            assert remote.url.startswith("https://")
            assert len(bytes.fromhex(remote.sha256)) == 32


def test_the_readers_folder_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, built = tmp_path / "own", tmp_path / "built"
    monkeypatch.setenv("CURRICULUM_DATA", str(own))
    monkeypatch.setattr(downloads, "BUILD", built)
    for folder in (own, built):
        (folder / "spot_tuning").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r"fetch\('year'\)") as caught:
        find_file("year", "a.zip", "a.txt")
    assert str(own) in str(caught.value)
    (built / "spot_tuning" / "a.zip").touch()
    assert find_file("year", "a.zip", "a.txt") == built / "spot_tuning" / "a.zip"
    (own / "spot_tuning" / "a.txt").touch()
    assert find_file("year", "a.zip", "a.txt") == own / "spot_tuning" / "a.txt"
