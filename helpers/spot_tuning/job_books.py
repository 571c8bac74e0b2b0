"""Books of a real job: what every trial has done, which machine it holds, what it cost.

Shared by the drivers that carry out a policy's actions on real machines. Times are
seconds of the job's clock, which is also the clock of the market.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from helpers.names import unknown_name
from helpers.spot_tuning.billing import REGIMES, Billing, Charge, Ledger, charge
from helpers.spot_tuning.job import JobState, Launch, Lease, TrialState
from helpers.spot_tuning.job_result import EndReason, LeaseRecord
from helpers.spot_tuning.prices import Market


@dataclass
class TrialBook:
    """One trial.

    Attributes
    ----------
    id : str
    metrics : list of float
        Metric after each step done so far.
    lease : Lease or None
        The machine it holds.
    launches : int
        How many machines it has asked for.
    first_step : int
        Steps done when the present machine was launched.
    ready, stopped, saved : float or None
        When the present machine began and ended training, and had saved the trial.
    ended : bool
        It takes no further step: its program ended or failed.
    failed : bool
        Its program failed.
    """

    id: str
    metrics: list[float] = field(default_factory=list)
    lease: Lease | None = None
    launches: int = 0
    first_step: int = 0
    ready: float | None = None
    stopped: float | None = None
    saved: float | None = None
    ended: bool = False
    failed: bool = False

    @property
    def step(self) -> int:
        return len(self.metrics)


class JobBooks:
    """All trials of one job, the leases that ended, and the bill.

    Parameters
    ----------
    trials : sequence of str
        Ids by which the policy knows the trials.
    rules : Billing, optional
        How machines are billed.
    on_demand : mapping of str to float, optional
        List prices of instance types; those of the catalogue otherwise.

    Raises
    ------
    ValueError
        If there is no trial, or an id occurs twice.
    """

    def __init__(
        self,
        trials: Sequence[str],
        rules: Billing | None = None,
        on_demand: Mapping[str, float] | None = None,
    ) -> None:
        if not trials or len(set(trials)) < len(trials):
            raise ValueError(f"trials are {list(trials)}; allowed: distinct ids")
        self.trials = {name: TrialBook(name) for name in trials}
        self.on_demand = dict(on_demand or {})
        self.rules = rules or REGIMES["first-hour-refund"]
        self.records: list[LeaseRecord] = []
        self.ledger = Ledger()
        self._times: dict[tuple[str, str], tuple[float, int]] = {}

    def __getitem__(self, trial: str) -> TrialBook:
        try:
            return self.trials[trial]
        except KeyError:
            raise unknown_name("trial", trial, list(self.trials)) from None

    @property
    def step_seconds(self) -> dict[tuple[str, str], float]:
        """Mean measured seconds per step of every (instance type, trial)."""
        return {key: total / steps for key, (total, steps) in self._times.items()}

    def state(self, now: float, market: Market) -> JobState:
        """What the policy may know; a failed trial is no longer part of the job."""
        trials = {
            book.id: TrialState(
                book.id, book.step, tuple(book.metrics), book.lease, book.launches
            )
            for book in self.trials.values()
            if not book.failed
        }
        return JobState(now, market.view(now), trials, self.step_seconds)

    def check(self, action: Launch) -> None:
        """ValueError if this launch is impossible, whatever the market says."""
        book = self[action.trial]
        if book.lease is not None:
            raise ValueError(f"{book.id} already holds a machine")
        if book.ended:
            raise ValueError(
                f"{book.id} ended by itself after {book.step} steps; the policy wants "
                f"{action.until_step}"
            )
        if action.until_step <= book.step:
            raise ValueError(
                f"{book.id} has done {book.step} steps; until_step is "
                f"{action.until_step}"
            )

    def launch(self, action: Launch, now: float) -> Lease:
        """The trial holds a machine from now on."""
        book = self[action.trial]
        book.lease = Lease(
            action.instance_type,
            action.purchase,
            action.max_price,
            now,
            action.until_step,
        )
        book.launches += 1
        book.first_step = book.step
        book.ready = book.stopped = book.saved = None
        return book.lease

    def notice(self, trial: str, at: float) -> None:
        """The provider will take the trial's machine."""
        book = self[trial]
        assert book.lease is not None
        book.lease = replace(book.lease, notice_at=at)

    def stepped(self, trial: str, step: int, metric: float, seconds: float) -> None:
        """Step number ``step`` took ``seconds`` and ended with ``metric``.

        Steps repeated after a loss overwrite what was known of them.

        Raises
        ------
        ValueError
            If steps were skipped.
        """
        book = self[trial]
        if not 1 <= step <= book.step + 1:
            raise ValueError(
                f"{trial} reports step {step} after step {book.step}; was it restored "
                "from a checkpoint of another job?"
            )
        book.metrics[step - 1 :] = [metric]
        if book.lease is not None:
            key = (book.lease.instance_type, trial)
            total, steps = self._times.get(key, (0.0, 0))
            self._times[key] = (total + seconds, steps + 1)

    def rewind(self, trial: str, step: int) -> None:
        """Steps after ``step`` were lost with the machine."""
        del self[trial].metrics[step:]

    def end(self, trial: str, now: float, reason: EndReason, market: Market) -> None:
        """The machine is gone; it is billed."""
        book = self[trial]
        lease = book.lease
        assert lease is not None
        bill = charge(
            self.rules,
            market,
            trial=trial,
            instance_type=lease.instance_type,
            launched=lease.launched_at,
            ended=now,
            interrupted=reason == "revoked",
            purchase=lease.purchase,
            on_demand=self.on_demand.get(lease.instance_type),
        )
        ready = now if book.ready is None else min(book.ready, now)
        stopped = now if book.stopped is None else min(max(book.stopped, ready), now)
        saved = stopped if book.saved is None else min(max(book.saved, stopped), now)
        self.ledger.charges.append(bill)
        self.records.append(
            LeaseRecord(
                trial=trial,
                instance_type=lease.instance_type,
                purchase=lease.purchase,
                max_price=lease.max_price,
                launched=lease.launched_at,
                ready=ready,
                stopped=stopped,
                ended=now,
                first_step=book.first_step,
                last_step=book.step,
                reason=reason,
                gross=bill.gross / 1e6,
                refund=bill.refund / 1e6,
                transfer=saved - stopped,
            )
        )
        book.lease = None

    def dump(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "trials": [asdict(book) for book in self.trials.values()],
            "records": [asdict(record) for record in self.records],
            "charges": [asdict(line) for line in self.ledger.charges],
            "times": [[*key, *value] for key, value in self._times.items()],
        }

    def load(self, dumped: dict[str, Any]) -> None:
        """Go on from what :meth:`dump` returned.

        Raises
        ------
        ValueError
            If it is of other trials.
        """
        names = [row["id"] for row in dumped["trials"]]
        if names != list(self.trials):
            raise ValueError(
                f"the saved job has trials {', '.join(names)}; this one has "
                f"{', '.join(self.trials)}"
            )
        for row in dumped["trials"]:
            lease = row["lease"] and Lease(**row["lease"])
            self.trials[row["id"]] = TrialBook(**{**row, "lease": lease})
        self.records = [LeaseRecord(**row) for row in dumped["records"]]
        self.ledger = Ledger([Charge(**row) for row in dumped["charges"]])
        self._times = {(a, b): (total, n) for a, b, total, n in dumped["times"]}
