"""Parts of the AWS driver: settings, budget, requests, prices, notice, agent."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

pytest.importorskip("boto3", reason="needs the extra called cluster")

import boto3
from botocore.response import StreamingBody
from botocore.stub import Stubber

from helpers.spot_tuning.aws_agent import Progress, S3Store, run_trial
from helpers.spot_tuning.aws_budget import Budget, BudgetExceeded, Exposure
from helpers.spot_tuning.aws_machines import (
    Machines,
    NoSpotCapacity,
    NotAnswered,
    RequestRefused,
    Seen,
)
from helpers.spot_tuning.aws_notice import Notice, NoticePoll, poll_notice
from helpers.spot_tuning.aws_prices import LivePrices
from helpers.spot_tuning.job import Launch
from helpers.spot_tuning.prices import TraceError
from tests.spot_tuning.aws_world import (
    ACCOUNT,
    LARGE,
    SMALL,
    MemoryStore,
    Sgd,
    World,
    refusal,
    settings,
    uninterrupted,
)


def client(service: str):
    """A real client that can reach nobody, to be stubbed."""
    return boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget_usd": 0}, "budget_usd is 0; allowed: above 0"),
        ({"budget_usd": -1.0}, "budget_usd is -1.0"),
        ({"budget_usd": math.inf}, "budget_usd is inf"),
        ({"extra_per_hour": -0.1}, "extra_per_hour is -0.1"),
        ({"request": {}}, "request: ImageId or LaunchTemplate is missing"),
        ({"request": {"ImageId": "a", "UserData": "b"}}, "UserData is set by the dri"),
        ({"command": " "}, "command is empty"),
        ({"command": "run {trail}"}, "place in command 'trail'; did you mean 'trial'"),
        ({"bucket": ""}, "bucket is empty"),
        ({"zone": "us-east-1"}, "zone is 'us-east-1'; allowed: like 'us-east-1a'"),
        ({"on_demand": {}}, "on_demand needs instance types"),
        ({"on_demand": {SMALL: 0}}, "on_demand needs instance types"),
        ({"fallback": "on_demand"}, "did you mean 'on-demand'"),
        ({"max_lease_hours": 0}, "max_lease_hours is 0"),
        ({"job": "a job"}, "job is 'a job'"),
    ],
)
def test_settings_are_checked_by_field(change, message):
    with pytest.raises(ValueError, match=message):
        settings(**change)


@given(
    st.lists(st.tuples(st.floats(0.002, 5), st.floats(60, 1e5)), max_size=8),
    st.floats(0.01, 50),
)
@hypothesis_settings(deadline=None)
def test_no_sequence_of_launches_can_break_the_budget(wishes, usd):
    """Whatever is launched under the check costs at most the budget together."""
    budget, held = Budget(usd), []
    for price, seconds in wishes:
        new = budget.exposure(price, 1.0, seconds, "spot")
        try:
            budget.check(0.0, held, new)
        except BudgetExceeded:
            assert sum(x.usd for x in [*held, new]) > usd
        else:
            held.append(new)
    assert sum(x.usd for x in held) <= usd


def test_exposures():
    budget = Budget(1.0, extra_per_hour=0.01)
    assert budget.exposure(0.3, 0.8, 3600.0, "spot") == Exposure(0.31, 3600.0)
    assert budget.exposure(math.inf, 0.8, 3600.0, "spot") == Exposure(0.81, 3600.0)
    assert budget.exposure(0.3, 0.8, 1800.0, "on-demand").usd == pytest.approx(0.405)
    for price in (0.001, 0.0, -1.0):
        with pytest.raises(ValueError, match=r"allowed: above 0\.001"):
            budget.exposure(price, 0.8, 3600.0, "spot")


def test_requests_pass_botocores_own_check_and_errors_are_sorted():
    ec2 = client("ec2")
    machines = Machines(ec2, settings(request={"ImageId": "ami-0", "KeyName": "k"}))
    request = machines.request(Launch("t0", SMALL, 0.05001, 9, 1800.0), launch=3)
    assert request["ClientToken"] == "spottune-t0-3-spot"
    assert request["UserData"].splitlines() == [
        "#!/bin/sh",
        "shutdown -h +35",
        "train t0 3 9 1800",
        "shutdown -h now",
    ]
    assert request["InstanceMarketOptions"]["SpotOptions"]["MaxPrice"] == "0.050010"
    no_limit = machines.request(Launch("t0", SMALL, math.inf, 9), launch=1)
    assert "MaxPrice" not in no_limit["InstanceMarketOptions"]["SpotOptions"]
    with Stubber(ec2) as stub:
        stub.add_response("run_instances", {"Instances": [{"InstanceId": "i-1"}]})
        assert machines.launch(request) == "i-1"
        stub.add_client_error("run_instances", "InsufficientInstanceCapacity")
        with pytest.raises(NoSpotCapacity):
            machines.launch(request)
        stub.add_client_error("run_instances", "InvalidAMIID.NotFound", "secret")
        with pytest.raises(RequestRefused, match=r"InvalidAMIID\.NotFound$"):
            machines.launch(request)
        stub.add_client_error("run_instances", "DryRunOperation")
        assert machines.rehearse(request) == "ok"
        rows = [
            {"InstanceId": "i-1", "State": {"Name": "running"}},
            {
                "InstanceId": "i-2",
                "State": {"Name": "shutting-down"},
                "StateReason": {"Code": "Server.SpotInstanceTermination"},
            },
        ]
        for row, more in zip(rows, ({"NextToken": "x"}, {}), strict=True):
            page = {"Reservations": [{"Instances": [row]}], **more}
            stub.add_response("describe_instances", page)
        assert machines.look(["i-1", "i-2", "i-3"]) == {
            "i-1": Seen(alive=True),
            "i-2": Seen(alive=False, revoked=True),
            "i-3": Seen(alive=False, known=False),
        }
        stub.add_response("terminate_instances", {}, {"InstanceIds": ["i-1"]})
        machines.end(["i-1"])
        machines.end([])
        stub.add_client_error("run_instances", "RequestLimitExceeded")
        assert machines.rehearse(request) == "RequestLimitExceeded"
        for method, ask in (
            ("describe_instances", machines.look),
            ("terminate_instances", machines.end),
        ):
            stub.add_client_error(method, "RequestLimitExceeded")
            with pytest.raises(NotAnswered, match=r"^RequestLimitExceeded$"):
                ask(["i-1"])
        stub.assert_no_pending_responses()


def test_prices_cover_the_minutes_until_now():
    world = World(price=0.04)
    start = world.now() - timedelta(minutes=30)
    prices = LivePrices(world, [SMALL, LARGE], "us-east-1a", start, world.now)
    market = prices()
    assert market.start == datetime(2026, 3, 2, 11, 30, tzinfo=UTC)
    # The change of minute 5 holds to the end; before it, the older one.
    expected = np.r_[np.full(5, 0.08), np.full(26, 0.04)]
    for kind in (SMALL, LARGE):
        np.testing.assert_array_equal(market.prices(kind), expected)
    assert prices() is market
    world.sleep(61.0)
    assert prices().minutes == 32
    now = (world.now() - market.start).total_seconds()
    assert prices().view(now).price(SMALL) == 0.04


@pytest.mark.parametrize(
    ("code", "error"),
    [("Unavailable", NotAnswered), ("UnauthorizedOperation", RequestRefused)],
)
def test_an_error_instead_of_prices_shows_only_its_code(code, error):
    class Failing:
        def describe_spot_price_history(self, **_):
            raise refusal(code)

    prices = LivePrices(
        Failing(), [SMALL], "us-east-1a", datetime(2026, 3, 2, tzinfo=UTC)
    )
    with pytest.raises(error, match=f"{code}$") as caught:
        prices()
    assert ACCOUNT not in str(caught.value)


def test_a_type_without_prices_is_named():
    class Empty:
        def describe_spot_price_history(self, **_):
            return {"SpotPriceHistory": [], "NextToken": ""}

    prices = LivePrices(
        Empty(), [SMALL], "us-east-1a", datetime(2026, 3, 2, tzinfo=UTC)
    )
    with pytest.raises(TraceError, match=f"{SMALL}: EC2 reports no spot price in us-e"):
        prices()


@pytest.fixture
def metadata() -> Iterator[tuple[str, list]]:
    """A metadata service on loopback: (address, [notice or None, requests])."""
    shared: list = [None, 0]

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self):
            assert self.path == "/latest/api/token"
            assert self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
            self.answer(200, b"token")

        def do_GET(self):
            shared[1] += 1
            assert self.path == "/latest/meta-data/spot/instance-action"
            if self.headers["X-aws-ec2-metadata-token"] != "token":
                self.answer(401, b"")
            elif shared[0] is None:
                self.answer(404, b"")
            else:
                self.answer(200, json.dumps(shared[0]).encode())

        def answer(self, code, content):
            self.send_response(code)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", shared
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_notice_is_seen_once_asked_for(metadata):
    base, shared = metadata
    assert poll_notice(base) is None
    often, seldom = NoticePoll(0.0, base), NoticePoll(3600.0, base)
    assert not often() and not seldom()
    shared[0] = {"action": "terminate", "time": "2026-03-02T12:00:00Z"}
    when = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert poll_notice(base) == Notice("terminate", when)
    asked = shared[1]
    assert not seldom()  # asks every 3600 s only
    assert often() and often()
    assert shared[1] == asked + 1  # a notice stays
    shared[0] = None
    assert often()


def test_a_machine_without_metadata_has_no_notice():
    with pytest.raises(OSError):
        poll_notice("http://127.0.0.1:1")
    assert not NoticePoll(0.0, "http://127.0.0.1:1")()


class Machine:
    """Arguments of `run_trial` with a clock that ticks per step."""

    def __init__(self, store, **more):
        self.trainer, self.time, self.slept = Sgd(1), 0.0, 0.0
        step = self.trainer.train_step

        def slow_step():
            self.time += 10.0
            return step()

        self.trainer.train_step = slow_step
        usual = {"launch": 1, "until_step": 30, "max_age": math.inf, "save_every": 45.0}
        self.arguments = {"notice": lambda: False, **usual, **more}
        self.store = store

    def run(self):
        def sleep(seconds):
            self.slept += seconds

        return run_trial(
            self.trainer,
            self.store,
            clock=lambda: self.time,
            sleep=sleep,
            **self.arguments,
        )


@given(st.lists(st.integers(10, 200), max_size=6), st.integers(1, 60))
@hypothesis_settings(deadline=None, max_examples=30)
def test_the_curve_is_the_same_however_often_it_moves(ages, save_every):
    store = MemoryStore()
    for number, age in enumerate([*ages, math.inf], 1):
        machine = Machine(store, launch=number, max_age=age, save_every=save_every)
        status = machine.run()
        assert status == ("done" if machine.trainer.step == 30 else "recycled")
        assert machine.time <= age
        report = Progress.read(store)
        assert report.launch == number and report.status == status
        assert report.metrics == uninterrupted(machine.trainer.step)
    assert report.metrics == uninterrupted(30)


def test_a_checkpoint_newer_than_the_report_is_trusted():
    """The machine died between the two files."""
    store = MemoryStore()
    Machine(store, until_step=6).run()
    store["progress.json"] = json.dumps({"launch": 1, "metrics": [0.0]}).encode()
    assert Machine(store, launch=2, until_step=9).run() == "done"
    assert Progress.read(store).metrics == uninterrupted(9)


def test_a_stop_is_for_one_launch_only_and_a_notice_waits():
    store = MemoryStore(stop=b"1")
    assert Machine(store, launch=2, until_step=9).run() == "done"
    store = MemoryStore(stop=b"2")
    stopped = Machine(store, launch=2)
    assert stopped.run() == "released"
    assert stopped.trainer.step == 5  # looked for after 45 s
    calls = iter([False, False, True])
    noticed = Machine(store, launch=3, notice=lambda: next(calls))
    assert noticed.run() == "revoked"
    assert noticed.slept >= 120
    assert Progress.read(store).metrics == uninterrupted(7)


def test_bucket_files():
    s3 = client("s3")
    store = S3Store("bucket", "/job/t0/", s3)
    key = {"Bucket": "bucket", "Key": "job/t0/checkpoint"}
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "NoSuchKey", expected_params=key)
        assert store.get("checkpoint") is None
        stub.add_response("put_object", {}, {**key, "Body": b"abc"})
        store.put("checkpoint", b"abc")
        body = StreamingBody(BytesIO(b"abc"), 3)
        stub.add_response("get_object", {"Body": body}, key)
        assert store.get("checkpoint") == b"abc"
