"""Downloads against a real server: resumed, checked, never half a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.downloads import DownloadError, copy, download
from tests.loopback import Site, serve

CONTENT = bytes(range(256)) * 400
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(Site({"data.bin": CONTENT})) as site:
        yield site


def test_a_file_comes_whole(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "data.bin"
    md5 = hashlib.md5(CONTENT).hexdigest()
    download(f"{site.url}/data.bin", path, bytes=len(CONTENT), sha256=SHA256, md5=md5)
    assert path.read_bytes() == CONTENT
    assert [p.name for p in path.parent.iterdir()] == ["data.bin"]


def test_a_broken_download_goes_on_where_it_was(site: Site, tmp_path: Path) -> None:
    site.cut = 5000
    path, url = tmp_path / "data.bin", f"{site.url}/data.bin"
    with pytest.raises(DownloadError, match="fetch again to go on"):
        download(url, path, sha256=SHA256)
    assert not path.exists()
    download(url, path, sha256=SHA256)
    assert path.read_bytes() == CONTENT
    assert site.served == {"data.bin": len(CONTENT)}  # no byte twice


def test_a_file_that_changed_meanwhile_comes_anew(site: Site, tmp_path: Path) -> None:
    site.cut = 5000
    path, url = tmp_path / "data.bin", f"{site.url}/data.bin"
    with pytest.raises(DownloadError):
        download(url, path)
    site.files["data.bin"] = CONTENT[::-1]
    download(url, path)
    assert path.read_bytes() == CONTENT[::-1]


def test_a_complete_part_is_only_checked(site: Site, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(CONTENT)
    download(f"{site.url}/data.bin", tmp_path / "data.bin", sha256=SHA256)
    assert (tmp_path / "data.bin").read_bytes() == CONTENT
    assert site.served == {}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sha256": "0" * 64}, "sha256 "),
        ({"md5": "0" * 32}, "md5 "),
        ({"bytes": 7}, "bytes, expected 7"),
    ],
)
def test_another_content_leaves_nothing(
    site: Site, tmp_path: Path, wrong: dict, message: str
) -> None:
    with pytest.raises(DownloadError, match=message):
        download(f"{site.url}/data.bin", tmp_path / "data.bin", **wrong)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "may not be read"), (403, "may not be read"), (503, "was refused")],
)
def test_refusals_are_named(
    site: Site, tmp_path: Path, status: int, message: str
) -> None:
    site.refuse["data.bin"] = status
    with pytest.raises(DownloadError, match=message):
        download(f"{site.url}/data.bin", tmp_path / "data.bin")


def test_no_file_and_no_server(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="does not exist"):
        download(f"{site.url}/other.bin", tmp_path / "other.bin")
    with pytest.raises(DownloadError, match="cannot be reached"):
        download("http://127.0.0.1:9/data.bin", tmp_path / "data.bin", timeout=2)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_is_not_told_of_the_network(site: Site, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").symlink_to("/dev/full")
    source, path = tmp_path / "source", tmp_path / "data.bin"
    source.write_bytes(CONTENT)
    full = r"data\.bin\.part cannot be written: No space left"
    with pytest.raises(DownloadError, match=full):
        download(f"{site.url}/data.bin", path, sha256=SHA256)
    with pytest.raises(DownloadError, match=full):
        copy(source, path, bytes=len(CONTENT), sha256=SHA256)
    assert not path.exists()
