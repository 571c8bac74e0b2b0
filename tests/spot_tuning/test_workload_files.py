"""Data sets of the store: found, and checked where they were fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.assets import AssetError, Locked, file_hash, lock_asset
from helpers.spot_tuning.workload_files import find_file


def test_the_first_name_that_exists_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURRICULUM_DATA", str(tmp_path))
    folder = tmp_path / "spot_tuning"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="curriculum fetch 02"):
        find_file("year-prediction", "a.zip", "a.txt")
    (folder / "a.txt").touch()
    assert find_file("year-prediction", "a.zip", "a.txt") == folder / "a.txt"
    (folder / "a.zip").write_text("x")
    assert find_file("year-prediction", "a.zip", "a.txt") == folder / "a.zip"
    files = {"a.zip": file_hash(folder / "a.zip")}
    entry = Locked(source="x", folder="spot_tuning", files=files)
    lock_asset(tmp_path, "year-prediction", entry)
    (folder / "a.zip").write_text("other")
    with pytest.raises(AssetError, match=r"a\.zip has 5 bytes, not 1"):
        find_file("year-prediction", "a.zip")
