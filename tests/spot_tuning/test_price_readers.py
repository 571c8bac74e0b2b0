"""Price files of every layout, live prices from a stub, and what is refused."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from helpers.paths import user_data
from helpers.spot_tuning.instances import CATALOGUE
from helpers.spot_tuning.price_layouts import detect_layout
from helpers.spot_tuning.price_readers import (
    common_window,
    fetch_price_history,
    read_market,
    read_prices,
)
from helpers.spot_tuning.price_statistics import anatomy
from helpers.spot_tuning.prices import PriceTrace, TraceError

# minute, price: what every file below says
CHANGES = [(0, 0.05), (3, 0.06), (90, 0.055), (95, 0.4)]
EXPECTED = [0.05] * 3 + [0.06] * 87 + [0.055] * 5 + [0.4]
START = datetime(2016, 3, 1, 12, tzinfo=UTC)


def stamp(minute, layout="%Y-%m-%dT%H:%M:%S.000Z"):
    return (START + timedelta(minutes=minute)).strftime(layout)


def csv_file(folder, lines=None, name="r4.large-us-east-1a.csv"):
    if lines is None:
        lines = [f"{stamp(minute)},{price:.6f}" for minute, price in CHANGES]
    path = folder / name
    path.write_text("\n".join(["timestamp,price_usd_per_hour", *lines, ""]))
    return path


def record(minute, price, kind="r4.large", zone="us-east-1a", os="Linux/UNIX"):
    return {
        "AvailabilityZone": zone,
        "InstanceType": kind,
        "ProductDescription": os,
        "SpotPrice": f"{price:.6f}",
        "Timestamp": stamp(minute),
    }


RECORDS = [record(minute, price) for minute, price in reversed(CHANGES)]
NOISE = [
    record(50, 9.0, zone="us-east-1b"),
    record(51, 8.0, kind="m4.4xlarge"),
    record(52, 7.0, os="Windows"),
]


def kaggle_file(folder, rows=None, name="us-east-1.csv"):
    """Newest first, many markets, one of a type that nobody knows."""
    rows = rows if rows is not None else [*NOISE, *RECORDS, record(7, 1.0, "x9.big")]
    lines = ["datetime,instance_type,os,region,price"]
    for row in rows:
        time = row["Timestamp"].replace("T", " ").replace(".000Z", "+00:00")
        names = ("InstanceType", "ProductDescription", "AvailabilityZone", "SpotPrice")
        lines.append(",".join([time, *(row[name] for name in names)]))
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


def aws_file(folder, kind="object", records=None, name="prices.json"):
    records = RECORDS if records is None else records
    text = {
        "object": lambda: json.dumps({"NextToken": "", "SpotPriceHistory": records}),
        "list": lambda: json.dumps(records, indent=1),
        "lines": lambda: "\n".join(json.dumps(row) for row in records) + "\n",
    }[kind]()
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("make", "layout"),
    [
        (csv_file, "csv"),
        (kaggle_file, "kaggle"),
        (lambda folder: aws_file(folder, "object"), "aws"),
        (lambda folder: aws_file(folder, "list"), "aws"),
        (lambda folder: aws_file(folder, "lines"), "aws"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_layout_gives_the_same_trace(tmp_path, make, layout, packed):
    path = make(tmp_path)
    if packed:
        packed_path = path.with_name(path.name + ".gz")
        packed_path.write_bytes(gzip.compress(path.read_bytes()))
        path = packed_path
    assert detect_layout(path) == layout
    trace = read_prices(path, "r4.large", "us-east-1a")
    assert trace.prices.tolist() == EXPECTED
    assert (trace.start, trace.zone) == (START, "us-east-1a")


def test_the_type_can_be_left_out_where_there_is_one(tmp_path):
    assert read_prices(csv_file(tmp_path)).prices.tolist() == EXPECTED
    assert read_prices(str(aws_file(tmp_path))).prices.tolist() == EXPECTED
    with pytest.raises(TraceError, match=r"several markets.*r4\.large us-east-1b"):
        read_prices(kaggle_file(tmp_path))


def test_large_files_are_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.spot_tuning.price_layouts.CHUNK", 2)
    trace = read_prices(kaggle_file(tmp_path), "r4.large", "us-east-1a")
    assert trace.prices.tolist() == EXPECTED
    bad = [*RECORDS, {**record(1, 1), "SpotPrice": "much"}]
    with pytest.raises(TraceError, match="line 6: price 'much'"):
        read_prices(kaggle_file(tmp_path, bad))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("r4.larg", None), r"unknown instance type 'r4\.larg'; did you mean"),
        (("r3.large", None), r"no instance type 'r3\.large'.*it has: m4\.4xlarge"),
        (("r4.large", "us-east-1d"), r"no zone 'us-east-1d'.*us-east-1a, us-east-1b"),
        (("m4.4xlarge", "us-east-1b"), "no zone 'us-east-1b'.*it has: us-east-1a"),
    ],
)
def test_a_market_that_is_not_there(tmp_path, asked, message):
    with pytest.raises(TraceError, match=message):
        read_prices(kaggle_file(tmp_path), *asked)


def test_another_product(tmp_path):
    path = kaggle_file(tmp_path)
    trace = read_prices(path, "r4.large", "us-east-1a", os="Windows")
    assert trace.prices.tolist() == [7]
    with pytest.raises(TraceError, match=r"no product 'SUSE Linux'.*Linux/UNIX"):
        read_prices(path, "r4.large", "us-east-1a", os="SUSE Linux")


LINES = [f"{stamp(minute)},{price:.6f}" for minute, price in CHANGES]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{stamp(4)},0", "line 4: price '0'; allowed: a number above 0"),
        (f"{stamp(4)},-0.2", "line 4: price '-0.2'"),
        (f"{stamp(4)},cheap", "line 4: price 'cheap'"),
        (f"{stamp(4)},inf", "line 4: price 'inf'"),
        (f"{stamp(4)},", "line 4: price ''"),
        (f"{stamp(4)}", "line 4: price"),
        (f"{stamp(4)},0.1,0.2", "line 4"),
        ("yesterday,0.1", "line 4: time 'yesterday'; allowed: ISO 8601"),
        ("2016-13-01T00:00:00Z,0.1", "line 4: time '2016-13-01T00:00:00Z'"),
        (f"{stamp(2)},0.1", r"time goes back between lines 3 \(2016-03-01T12:03.*and"),
        (f"{stamp(3)},0.1", "are of one moment, prices 0.060000 and 0.1 contradict"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line, message):
    path = csv_file(tmp_path, [*LINES[:2], line, *LINES[2:]])
    with pytest.raises(TraceError, match=message):
        read_prices(path)


def test_blank_lines_and_repetitions_do_no_harm(tmp_path):
    path = csv_file(tmp_path, [*LINES[:2], "", LINES[1], *LINES[2:]])
    assert read_prices(path).prices.tolist() == EXPECTED
    with pytest.raises(TraceError, match="line 5: price 'x'"):
        read_prices(csv_file(tmp_path, [*LINES[:2], "", f"{stamp(4)},x"]))
    twice = aws_file(tmp_path, records=[*RECORDS, *RECORDS])
    assert read_prices(twice).prices.tolist() == EXPECTED


def test_contradictions_in_newest_first_files_are_named(tmp_path):
    path = aws_file(tmp_path, records=[*RECORDS, record(90, 0.7)])
    with pytest.raises(TraceError, match=r"records 2 .* and 5 .* 0\.055000 and 0\.7"):
        read_prices(path)


def test_long_gaps_are_not_believed(tmp_path):
    lines = [*LINES, f"{stamp(95 + 25 * 60)},0.05"]
    path = csv_file(tmp_path, lines)
    with pytest.raises(
        TraceError, match=r"no price for 1 day, 1:00:00 between lines 5 .* and 6"
    ):
        read_prices(path)
    for gap in (timedelta(hours=25), None):
        assert read_prices(path, max_gap=gap).minutes == 96 + 25 * 60


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is ''; allowed: a header with timestamp"),
        ("a,b\n1,2\n", "line 1 is 'a,b'"),
        ("timestamp,price_usd_per_hour\n", "has no price"),
        ("[]", "has no price"),
        ('{"SpotPriceHistory": [', "line 1 is not JSON"),
        (json.dumps(RECORDS[0]) + '\n{"Timestamp": \n', "line 2 is not JSON"),
        (
            json.dumps([RECORDS[0], {"Timestamp": "x"}]),
            "record 2 lacks InstanceType, ProductDescription, AvailabilityZone",
        ),
        ("[3]", "record 1 lacks Timestamp"),
    ],
)
def test_files_that_are_no_price_files(tmp_path, text, message):
    path = tmp_path / "r4.large-us-east-1a.csv"
    path.write_text(text)
    with pytest.raises(TraceError, match=message):
        read_prices(path)


def test_unreadable_files(tmp_path):
    with pytest.raises(TraceError, match="cannot be read"):
        read_prices(tmp_path / "none.csv")
    broken = tmp_path / "r4.large-us-east-1a.csv.gz"
    broken.write_bytes(b"not gzip")
    with pytest.raises(TraceError, match="cannot be read"):
        read_prices(broken)
    with pytest.raises(TraceError, match="named by type and zone"):
        read_prices(csv_file(tmp_path, name="prices.csv"))


def test_a_market_is_cut_to_the_common_window(tmp_path):
    csv_file(tmp_path)
    later = [f"{stamp(m + 2)},{p:.6f}" for m, p in CHANGES]
    csv_file(tmp_path, later, "m4.4xlarge-us-east-1c.csv")
    (tmp_path / "README.md").write_text("not a price file")
    market = read_market(tmp_path, ["m4.4xlarge", "r4.large"])
    assert market.types == ("m4.4xlarge", "r4.large")
    assert market.start == START + timedelta(minutes=2)
    assert market.prices("r4.large").tolist() == EXPECTED[2:]
    assert market.prices("m4.4xlarge").tolist() == EXPECTED[:-2]
    assert market.traces["m4.4xlarge"].zone == "us-east-1c"


def test_a_market_from_one_file(tmp_path):
    path = kaggle_file(tmp_path, [*RECORDS, record(90, 2, "m4.4xlarge"), *NOISE])
    market = read_market(path, ["r4.large", "m4.4xlarge"], "us-east-1a")
    assert market.minutes == 40
    zones = {"r4.large": "us-east-1b", "m4.4xlarge": "us-east-1a"}
    with pytest.raises(TraceError, match=r"no common window: r4\.large ends 2016-03"):
        read_market(path, ["r4.large", "m4.4xlarge"], zones)


def test_files_of_a_market_that_cannot_be_found(tmp_path):
    csv_file(tmp_path)
    with pytest.raises(TraceError, match=r"no file of m4\.4xlarge; there are: r4\.lar"):
        read_market(tmp_path, ["m4.4xlarge"])
    with pytest.raises(TraceError, match=r"no file of r4\.large us-east-1c"):
        read_market(tmp_path, ["r4.large"], "us-east-1c")
    csv_file(tmp_path, name="r4.large-us-east-1b.csv")
    with pytest.raises(TraceError, match=r"r4\.large: several files could hold it"):
        read_market(tmp_path, ["r4.large"])
    chosen = read_market(tmp_path, ["r4.large"], {"r4.large": "us-east-1b"})
    assert chosen.traces["r4.large"].zone == "us-east-1b"
    with pytest.raises(TraceError, match="unknown instance type"):
        read_market(tmp_path, ["r4.lage"])
    with pytest.raises(TraceError, match="at least one trace"):
        common_window([])


class Pages:
    """A client that answers in two pages and remembers what was asked."""

    def __init__(self, records):
        self.records = records
        self.asked = {}

    def get_paginator(self, operation):
        assert operation == "describe_spot_price_history"
        return self

    def paginate(self, **asked):
        self.asked = asked
        half = len(self.records) // 2
        for part in (self.records[:half], self.records[half:]):
            yield {"SpotPriceHistory": part}


def live(records):
    """Records as boto3 gives them: the time is a datetime."""
    return [
        {**row, "Timestamp": datetime.fromisoformat(row["Timestamp"])}
        for row in records
    ]


def test_live_prices_hold_until_now():
    client = Pages(live([*RECORDS, record(-30, 0.3, "m4.4xlarge")]))
    now = START + timedelta(minutes=120, seconds=30)
    market = fetch_price_history(
        ["m4.4xlarge", "r4.large"], "us-east-1a", 2, client, now=now
    )
    assert market.prices("r4.large").tolist() == EXPECTED + [0.4] * 24
    assert market.prices("m4.4xlarge").tolist() == [0.3] * 120
    assert client.asked == {
        "InstanceTypes": ["m4.4xlarge", "r4.large"],
        "AvailabilityZone": "us-east-1a",
        "ProductDescriptions": ["Linux/UNIX"],
        "StartTime": START + timedelta(minutes=120, days=-2),
        "EndTime": START + timedelta(minutes=120),
    }


def test_live_prices_through_a_real_client():
    boto3 = pytest.importorskip("boto3", reason="pip install -e '.[cluster]'")
    stub = pytest.importorskip("botocore.stub")
    client = boto3.client(
        "ec2",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    answers = stub.Stubber(client)
    for part, token in ((RECORDS[:2], "more"), (RECORDS[2:], "")):
        answers.add_response(
            "describe_spot_price_history",
            {"SpotPriceHistory": live(part), "NextToken": token},
        )
    with answers:
        now = START + timedelta(minutes=96)
        market = fetch_price_history(["r4.large"], "us-east-1a", 1, client, now=now)
    answers.assert_no_pending_responses()
    assert market.prices("r4.large").tolist() == EXPECTED


def test_live_prices_that_cannot_be():
    client = Pages(live(RECORDS))
    for days in (0, 91):
        with pytest.raises(ValueError, match="at most 90"):
            fetch_price_history(["r4.large"], "us-east-1a", days, client)
    with pytest.raises(TraceError, match="unknown instance type"):
        fetch_price_history(["r4.lrge"], "us-east-1a", 1, client)
    with pytest.raises(TraceError, match=r"no price of m4\.4xlarge in 1 days"):
        fetch_price_history(["m4.4xlarge"], "us-east-1a", 1, client)
    assert client.asked["InstanceTypes"] == ["m4.4xlarge"]


def test_boto3_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(ImportError, match=r"pip install -e '\.\[cluster\]'"):
        fetch_price_history(["r4.large"], "us-east-1a", 1)


# The public traces of early 2016: changes, list price then, median over it,
# autocorrelation of the log price at one hour.
REAL = {
    "d2.xlarge-us-east-1a": (14517, 0.69, 0.11, 0.75),
    "m3.large-us-east-1a": (9822, 0.133, 0.14, 0.77),
    "m3.medium-us-east-1b": (11648, 0.067, 0.15, 0.64),
    "m4.10xlarge-us-east-1a": (7845, 2.394, 0.26, 0.87),
    "m4.4xlarge-us-east-1b": (15966, 0.958, 0.27, 0.90),
    "r3.large-us-east-1c": (16588, 0.166, 0.12, 0.92),
}


def real_folder():
    folder = user_data()
    if folder is None or not (folder / "spot").is_dir():
        pytest.skip("set CURRICULUM_DATA to a folder with spot/*.csv.gz")
    return folder / "spot"


@pytest.mark.parametrize("name", REAL)
def test_real_traces(name):
    changes, list_price, median, memory = REAL[name]
    path = real_folder() / f"{name}.csv.gz"
    with gzip.open(path, "rt") as file:
        assert sum(1 for _ in file) == changes + 1
    trace = read_prices(path)
    assert f"{trace.instance_type}-{trace.zone}" == name
    assert trace.instance_type in CATALOGUE
    assert trace.start.date() == datetime(2016, 2, 25).date()
    assert trace.minutes / 1440 == pytest.approx(60, abs=0.1)
    found = anatomy(trace, list_price)
    assert found.median == pytest.approx(median, abs=0.005)
    assert found.autocorrelation_hour == pytest.approx(memory, abs=0.006)
    assert 0.53 < found.revoked_small < 0.77
    assert 0.001 < found.revoked_uniform < 0.23


def test_spikes_of_real_traces():
    spikes = {
        "m4.4xlarge-us-east-1b": (2.97, 14, 35),
        "m4.10xlarge-us-east-1a": (0.92, 36, 98),
        "r3.large-us-east-1c": (0.88, 10, 54),
        "d2.xlarge-us-east-1a": (0.20, 6, 58),
    }
    for name, (per_day, median, mean) in spikes.items():
        trace = read_prices(real_folder() / f"{name}.csv.gz")
        found = anatomy(trace, REAL[name][1])
        assert found.spikes_per_day == pytest.approx(per_day, rel=0.03)
        assert found.spike_median == pytest.approx(median, abs=1)
        assert found.spike_mean == pytest.approx(mean, rel=0.03)


def test_real_market_and_its_quietest_spell():
    folder = real_folder()
    types = [name.partition("-")[0] for name in REAL]
    market = read_market(folder, types)
    assert set(market.types) == set(types)
    assert market.minutes / 1440 == pytest.approx(60, abs=0.1)
    quiet = folder / "m4.10xlarge-us-east-1a.csv.gz"
    with pytest.raises(TraceError, match="no price for 13:10:51 between lines"):
        read_prices(quiet, max_gap=timedelta(hours=13))


def test_traces_can_be_cut_by_hand():
    long = PriceTrace("r4.large", np.arange(1.0, 11), START)
    short = PriceTrace("m4.4xlarge", np.ones(4), START + timedelta(minutes=3))
    cut = common_window([long, short])
    assert cut[0].prices.tolist() == [4, 5, 6, 7]
    assert cut[0].start == cut[1].start == short.start
