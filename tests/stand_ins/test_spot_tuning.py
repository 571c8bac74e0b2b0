"""Notebook 02 at paper scale: data sets and price histories as they are published."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from helpers.spot_tuning import workload_paper_data as data
from helpers.spot_tuning.other_markets import real_market
from helpers.spot_tuning.workloads import workload
from tests.stand_ins.conftest import Fetch

RNG = np.random.default_rng(0)


def epsilon(folder: Path) -> None:
    for stem, rows in (("epsilon_normalized", 600), ("epsilon_normalized.t", 20)):
        lines = [f"{1 - 2 * (i % 2):+d} {i % 7 + 1}:0.5 2000:0.1" for i in range(rows)]
        content = "\n".join(lines).encode() + b"\n"
        (folder / f"{stem}.bz2").write_bytes(bz2.compress(content))


def year(folder: Path) -> None:
    table = np.column_stack([RNG.integers(1922, 2012, 600), RNG.normal(size=(600, 90))])
    text = io.StringIO()
    np.savetxt(text, table, delimiter=",", fmt=["%d", *["%.5f"] * 90])
    with zipfile.ZipFile(folder / "yearpredictionmsd.zip", "w") as archive:
        archive.writestr("YearPredictionMSD.txt", text.getvalue())


def cifar(folder: Path) -> None:
    rows = np.column_stack(
        [np.arange(40) % 10, RNG.integers(0, 256, (40, 3072))]
    ).astype(np.uint8)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
            content = rows.tobytes()
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


@pytest.mark.parametrize(
    ("name", "asset", "build", "reader"),
    [
        ("LoR", "epsilon", epsilon, data.epsilon),
        ("LiR", "year-prediction", year, data.year_prediction),
        ("ResNet", "cifar10-binary", cifar, data.cifar10),
    ],
)
def test_a_workload_trains_on_what_was_fetched(
    fetched: Fetch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    asset: str,
    build,
    reader,
) -> None:
    monkeypatch.setattr(data, "BUILD", tmp_path / "build")
    fetched("02", {asset: build})
    reader.cache_clear()
    try:
        trial = workload(name, "paper").trainer(0, 0)
        assert np.isfinite(trial.train_step())
    finally:
        reader.cache_clear()


@pytest.mark.parametrize("layout", ["csv.gz", "json"])
def test_prices_of_the_readers_folder(tmp_path: Path, layout: str) -> None:
    stamps = [f"2016-03-{day:02d}T00:00:00.000Z" for day in range(1, 29)]
    prices = [0.02 + 0.001 * (i % 3) for i in range(len(stamps))]
    pairs = list(zip(stamps, prices, strict=True))
    if layout == "json":
        rows = [
            {
                "Timestamp": stamp,
                "SpotPrice": f"{price:.6f}",
                "AvailabilityZone": "us-east-1a",
                "ProductDescription": "Linux/UNIX",
                "InstanceType": "m3.large",
            }
            for stamp, price in pairs
        ]
        content = json.dumps({"SpotPriceHistory": rows})
        (tmp_path / "m3.large-us-east-1a.json").write_text(content)
    else:
        lines = ["timestamp,price_usd_per_hour", *(f"{s},{p:.6f}" for s, p in pairs)]
        with gzip.open(tmp_path / "m3.large-us-east-1a.csv.gz", "wt") as file:
            file.write("\n".join(lines))
    market = real_market(str(tmp_path))
    assert market is not None
    assert market.minutes == 27 * 24 * 60 or market.minutes == 27 * 24 * 60 + 1
    assert market.traces["m3.large"].prices[0] == pytest.approx(0.02)
