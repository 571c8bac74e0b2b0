"""Driver: trials on EC2 spot machines, under a hard budget.

Nothing is started unless ``dry_run=False``. A machine runs your command, which calls
`aws_agent.run_trial`; machine and driver meet in your bucket only::

    settings = AwsSettings(
        command="python3 train.py {trial} {launch} {until_step} {max_age}",
        request={"ImageId": "ami-..."},
        bucket="my-bucket",
        zone="us-east-1a",
        on_demand={"r4.large": 0.133, "m4.4xlarge": 0.80},
        budget_usd=5.0,
    )
    driver = AwsDriver(policy, ["t0", "t1"], settings, state="tuning.json")
    driver.run()  # prints what it would launch now, and the worst-case bill

The state is on disk before and after each request, and a repeated request carries the
same token: a driver that was killed goes on where it was and launches nothing twice.
Every machine ends itself some minutes after its longest lease, also without a driver,
as long as its image runs user data.
"""

from __future__ import annotations

import json
import math
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from helpers.paths import write_atomic
from helpers.progress import progress_bar
from helpers.spot_tuning.aws_agent import Progress, S3Store, Store, boto3_client
from helpers.spot_tuning.aws_budget import BudgetExceeded, Exposure
from helpers.spot_tuning.aws_machines import (
    Machines,
    NoSpotCapacity,
    NotAnswered,
    RequestRefused,
    Seen,
    insist,
)
from helpers.spot_tuning.aws_plan import launch_plan
from helpers.spot_tuning.aws_prices import LivePrices
from helpers.spot_tuning.aws_settings import AwsSettings
from helpers.spot_tuning.job import Launch, Policy
from helpers.spot_tuning.job_books import JobBooks, TrialBook
from helpers.spot_tuning.job_result import EndReason
from helpers.spot_tuning.prices import Market

HISTORY = timedelta(days=7)  # prices before the job, for predictors
GRACE = 300.0  # seconds: for a new machine to be known, for all machines to save


class AwsDriver:
    """Carries out a policy's actions on EC2.

    Parameters
    ----------
    policy : Policy
    trials : sequence of str
        Ids by which the policy knows the trials.
    settings : AwsSettings
    state : str or Path
        File of the job; an existing one is continued.
    dry_run : bool
        True (default): :meth:`run` prints the plan and starts nothing.
    ec2, store, now, sleep : optional
        Client, store of a trial, and clock, for tests. By default boto3 finds the
        credentials in its own ways; they are not looked at here.

    Attributes
    ----------
    books : JobBooks
        Curves, leases (``books.records``) and bill (``books.ledger``).

    Raises
    ------
    ValueError
        If a trial's id is unusable, or `state` is of another job.
    """

    def __init__(
        self,
        policy: Policy,
        trials: Sequence[str],
        settings: AwsSettings,
        state: str | Path,
        *,
        dry_run: bool = True,
        ec2: Any = None,
        store: Callable[[str], Store] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        for trial in trials:
            settings.check_name("trial", trial)
        self.policy, self.settings, self.dry_run = policy, settings, dry_run
        self.books = JobBooks(trials, on_demand=settings.on_demand)
        self.file = Path(state)
        self.pending: dict[str, dict[str, Any]] = {}  # requests not yet answered
        self.ids: dict[str, str] = {}  # machine of each trial
        self.worst: dict[str, Exposure] = {}
        self.failures = dict.fromkeys(self.books.trials, 0)
        self._now, self._sleep = now, sleep
        start = self._load() if self.file.exists() else now() - HISTORY
        ec2 = boto3_client("ec2", settings.region) if ec2 is None else ec2
        self.machines = Machines(ec2, settings)
        types = list(settings.on_demand)
        self.market = LivePrices(ec2, types, settings.zone, start, now)
        bucket, job = settings.bucket, settings.job
        self._store = store or (lambda trial: S3Store(bucket, f"{job}/{trial}"))

    def seconds(self) -> float:
        """Now, on the market's clock."""
        return (self._now() - self.market.start).total_seconds()

    def plan(self) -> str:
        """Table of what would be launched now; starts nothing (see `aws_plan`)."""
        return launch_plan(self)

    def run(self, poll: float = 10.0) -> list[str]:
        """Look, ask the policy, act, every ``poll`` seconds until it is finished.

        Interrupted, it leaves the machines alone: run again to go on, or call
        :meth:`give_back_all`.

        Returns
        -------
        list of str
            Trial ids, best first; empty after a dry run.

        Raises
        ------
        BudgetExceeded
            After saving and giving back everything.
        RequestRefused
            If EC2 refuses a request for another reason than capacity; likewise.
        """
        if self.dry_run:
            print(self.plan())
            return []
        with progress_bar(desc="steps") as bar:
            try:
                while not self.tick():
                    bar.n = sum(book.step for book in self.books.trials.values())
                    bar.refresh()
                    self._sleep(poll)
            except (BudgetExceeded, RequestRefused):
                self.give_back_all(poll)
                raise
        market = insist(self.market, self._sleep, poll, GRACE)
        return self.policy.ranking(self.books.state(self.seconds(), market))

    def tick(self) -> bool:
        """One look at the machines and one question to the policy; True at the end.

        If EC2 is too busy to answer, the rest is left to the next tick.

        Raises
        ------
        RuntimeError
            In a dry run.
        """
        if self.dry_run:
            raise RuntimeError("dry_run is True; this would start machines")
        try:
            return self._tick()
        except NotAnswered:
            return False

    def _tick(self) -> bool:
        for trial in list(self.pending):
            self._send(trial)  # asked for by a driver that did not see the answer
        self._look()
        now = self.seconds()
        state = self.books.state(now, self.market())
        if self.policy.finished(state):
            return not self.ids and not self.pending
        for action in self.policy.decide(state):
            book = self.books[action.trial]
            if book.id in self.pending:
                continue
            if isinstance(action, Launch):
                self._launch(book, action, now)
            elif book.lease is None:
                raise ValueError(f"{action.trial} holds no machine")
            elif book.lease.notice_at is None:  # else it has saved itself
                self._ask_to_stop(book)
        return False

    def give_back_all(self, poll: float = 10.0) -> None:
        """Let every machine save its trial, then end it.

        Requests without an answer are sent again first: EC2 may have served them.
        """
        waited = 0.0
        try:
            while (self.ids or self.pending) and waited < GRACE:
                for trial in list(self.pending):
                    with suppress(RequestRefused):
                        self._send(trial, fall_back=False)
                for trial in self.ids:
                    self._ask_to_stop(self.books[trial])
                self._sleep(poll)
                waited += poll
                with suppress(NotAnswered, RequestRefused):
                    self._look()
        finally:
            running = list(self.ids.values())
            insist(lambda: self.machines.end(running), self._sleep, poll, GRACE)
        for trial in list(self.ids):
            now = self.seconds()
            market = insist(self.market, self._sleep, poll, GRACE)
            self._end(self.books[trial], "released", now, market)
        if left := ", ".join(self.pending):
            text = f"EC2 did not answer for {left}; what it started ends by itself"
            warnings.warn(text, stacklevel=2)

    def _launch(self, book: TrialBook, action: Launch, now: float) -> None:
        self.books.check(action)
        exposure = self.settings.exposure(action)
        spent = self.books.ledger.gross
        self.settings.budget.check(spent, self.worst.values(), exposure)
        request = self.machines.request(action, book.launches + 1)
        entry = {"action": asdict(action), "request": request, "at": now}
        self.pending[book.id], self.worst[book.id] = entry, exposure
        self._save()
        self._send(book.id)

    def _send(self, trial: str, fall_back: bool = True) -> None:
        """Send a request that is on disk; without spot capacity, fall back.

        A refused fallback is not repeated here: the policy is asked at the next tick.
        What is not answered (or breaks off) stays on disk and is sent again.
        """
        entry = self.pending[trial]
        book, action = self.books[trial], Launch(**entry["action"])
        try:
            self.ids[trial] = self.machines.launch(entry["request"])
        except NotAnswered:
            return
        except (NoSpotCapacity, RequestRefused) as error:
            del self.pending[trial], self.worst[trial]
            book.launches += 1
            self._save()
            if isinstance(error, RequestRefused):
                raise
            allowed = fall_back and self.settings.fallback == "on-demand"
            if allowed and action.purchase == "spot":
                listed = replace(action, purchase="on-demand", max_price=math.inf)
                self._launch(book, listed, self.seconds())
            return
        del self.pending[trial]
        self.books.launch(action, entry["at"])
        self._save()

    def _look(self) -> None:
        """Take over what the machines reported, and note which are gone."""
        seen = self.machines.look(list(self.ids.values()))
        for trial, identity in list(self.ids.items()):
            book = self.books[trial]
            report = Progress.read(self._store(trial))
            if report is not None and report.launch == book.launches:
                self._take_over(book, report)
            else:
                report = Progress(book.launches)
            self._judge(book, report, seen[identity], identity)

    def _take_over(self, book: TrialBook, report: Progress) -> None:
        now = self.seconds()
        if book.ready is None:
            book.ready = now
        for step in range(book.step + 1, len(report.metrics) + 1):
            metric = report.metrics[step - 1]
            self.books.stepped(book.id, step, metric, report.seconds)
        if report.status != "training" and book.stopped is None:
            book.stopped = book.saved = now
            if report.status == "revoked":
                self.books.notice(book.id, now)

    def _judge(
        self, book: TrialBook, report: Progress, machine: Seen, identity: str
    ) -> None:
        """Whether the machine is gone, done, or past its time."""
        lease = book.lease
        assert lease is not None
        # first: if EC2 does not tell the prices now, the next look judges anew
        now, market = self.seconds(), self.market()
        age = now - lease.launched_at
        if not machine.known and age < GRACE:
            return
        reason = report.status
        if reason == "training" and not machine.alive and not machine.revoked:
            self.failures[book.id] += 1
            book.failed = self.failures[book.id] > self.settings.max_failures
        if machine.revoked:
            reason = "revoked"
        elif not machine.alive and reason in ("training", "revoked"):
            reason = "released"
        elif machine.alive and age > self.worst[book.id].seconds:
            reason = "recycled"
        elif machine.alive and reason == "revoked":
            return  # who ends a machine under notice pays for it
        if reason == "training":
            return
        if machine.alive:
            self.machines.end([identity])
        self._end(book, reason, now, market)

    def _end(
        self, book: TrialBook, reason: EndReason, now: float, market: Market
    ) -> None:
        self.books.end(book.id, now, reason, market)
        del self.ids[book.id], self.worst[book.id]
        self._save()

    def _ask_to_stop(self, book: TrialBook) -> None:
        self._store(book.id).put("stop", str(book.launches).encode())

    def _save(self) -> None:
        content = {
            "job": self.settings.job,
            "start": self.market.start.isoformat(),
            "books": self.books.dump(),
            "failures": self.failures,
            "ids": self.ids,
            "pending": self.pending,
            "worst": {trial: asdict(x) for trial, x in self.worst.items()},
        }
        write_atomic(self.file, json.dumps(content))

    def _load(self) -> datetime:
        """Take over a saved job; returns the start of its market."""
        content = json.loads(self.file.read_text(encoding="utf-8"))
        if content["job"] != self.settings.job:
            raise ValueError(
                f"{self.file} is of job {content['job']!r}, not {self.settings.job!r}"
            )
        self.books.load(content["books"])
        self.failures, self.ids = content["failures"], content["ids"]
        self.pending = content["pending"]
        self.worst = {t: Exposure(**x) for t, x in content["worst"].items()}
        return datetime.fromisoformat(content["start"])
