"""Real traces for the notebook: which folder, which files, which zone."""

from __future__ import annotations

import pytest

from helpers.spot_tuning.instances import PAPER_TYPES
from helpers.spot_tuning.other_markets import real_market
from helpers.spot_tuning.prices import TraceError
from tests.spot_tuning.test_price_readers import csv_file, kaggle_file, record


def test_files_named_after_their_market(tmp_path):
    csv_file(tmp_path)
    csv_file(tmp_path, name="m4.4xlarge-us-east-1b.csv")
    (tmp_path / "notes.txt").write_text("not a price")
    market = real_market(tmp_path)
    assert market.types == ("m4.4xlarge", "r4.large")
    assert market.minutes == 96
    assert real_market(tmp_path, "us-east-1b").types == ("m4.4xlarge",)
    csv_file(tmp_path, name="r4.large-us-east-1b.csv")
    with pytest.raises(TraceError, match="several files could hold it"):
        real_market(tmp_path)
    assert real_market(tmp_path, "us-east-1a").types == ("r4.large",)


def test_one_file_with_all_of_the_papers_types(tmp_path):
    rows = [
        record(minute, price, kind, zone)
        for kind in PAPER_TYPES
        for zone in ("us-east-1a", "us-east-1b")
        for minute, price in ((0, 0.05), (60, 0.06))
    ]
    kaggle_file(tmp_path, rows)
    for name in (".DS_Store", ".us-east-1.csv", "README.txt"):
        (tmp_path / name).write_text("not a price")
    assert real_market(tmp_path, "us-east-1b").types == PAPER_TYPES
    with pytest.raises(TraceError, match="has several markets, name one"):
        real_market(tmp_path)
    with pytest.raises(TraceError, match="us-east-1c"):
        real_market(tmp_path, "us-east-1c")


def test_the_readers_own_folder_is_the_default(tmp_path, monkeypatch):
    monkeypatch.setenv("CURRICULUM_DATA", str(tmp_path))
    assert real_market() is None
    folder = tmp_path / "spot"
    folder.mkdir()
    assert real_market() is None
    for name in (".DS_Store", ".r4.large-us-east-1a.csv", "README.txt"):
        (folder / name).write_text("not a price")
    assert real_market() is None
    csv_file(folder)
    assert real_market().types == ("r4.large",)


def test_a_folder_that_does_not_exist_or_is_empty_is_an_error(tmp_path):
    with pytest.raises(TraceError, match=r"no folder of price traces at .*elsewhere"):
        real_market(tmp_path / "elsewhere")
    with pytest.raises(TraceError, match=r"no file of r4\.large"):
        real_market(tmp_path)
