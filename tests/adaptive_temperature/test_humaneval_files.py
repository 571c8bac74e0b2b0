"""The authors' files: found, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.adaptive_temperature.humaneval_files import FILES, find_humaneval

NAMES = list(FILES)


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
    with pytest.raises(FileNotFoundError, match=r"holds no codegeex.*fetch 05"):
        find_humaneval()
    (folder / NAMES[1]).touch()
    assert find_humaneval() == (folder / f"{NAMES[0]}.gz", folder / NAMES[1])


def test_a_folder_that_is_named_must_hold_them(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no HumanEval"):
        find_humaneval(tmp_path)
