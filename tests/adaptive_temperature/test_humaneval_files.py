"""The authors' files: found, refused, fetched and checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from helpers.adaptive_temperature import humaneval_files
from helpers.adaptive_temperature.humaneval_files import (
    download_humaneval,
    find_humaneval,
)

NAMES = list(humaneval_files.FILES)


def test_nothing_named_and_nothing_there_is_no_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CURRICULUM_DATA", raising=False)
    assert find_humaneval() is None
    monkeypatch.setenv("CURRICULUM_DATA", str(tmp_path))
    assert find_humaneval() is None


def test_packed_files_in_the_readers_data_are_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "humaneval"
    folder.mkdir()
    (folder / f"{NAMES[0]}.gz").touch()
    monkeypatch.setenv("CURRICULUM_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"holds no codegeex.*download"):
        find_humaneval()
    (folder / NAMES[1]).touch()
    assert find_humaneval() == (folder / f"{NAMES[0]}.gz", folder / NAMES[1])


def test_a_folder_that_is_named_must_hold_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no HumanEval"):
        find_humaneval(tmp_path)


def test_downloads_are_checked_and_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    files = {}
    for name, (there, _) in humaneval_files.FILES.items():
        path = source / there
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}")
        files[name] = (there, hashlib.sha256(path.read_bytes()).hexdigest())
    monkeypatch.setattr(humaneval_files, "FILES", files)
    url = source.as_uri() + "/"
    found = download_humaneval(target, url)
    assert found == find_humaneval(target)
    (source / "inputs" / NAMES[0]).unlink()  # not asked for again
    assert download_humaneval(target, url) == found
    found[0].unlink()
    with pytest.raises(ConnectionError, match="humaneval_folder=PATH"):
        download_humaneval(target, url)
    (source / "inputs" / NAMES[0]).write_text("something else")
    with pytest.raises(ValueError, match="not the file that was published"):
        download_humaneval(target, url)
