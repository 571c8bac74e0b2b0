"""What a finished tuning job did and cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from helpers.spot_tuning.billing import Ledger
from helpers.spot_tuning.job import Action
from helpers.spot_tuning.prices import HOUR

EndReason = Literal["done", "recycled", "revoked", "released"]


def relative_regret(chosen: float, best: float) -> float:
    """By how much the chosen setting's final metric is worse, as a share of the best's.

    Infinite if the best is exactly 0 and the chosen one is not.
    """
    if chosen == best:
        return 0.0
    return (chosen - best) / abs(best) if best else math.inf


@dataclass(frozen=True)
class LeaseRecord:
    """What one machine did. Times in seconds of the market's clock."""

    trial: str
    instance_type: str
    purchase: str
    max_price: float
    launched: float
    ready: float
    stopped: float  # end of training
    ended: float
    first_step: float
    last_step: float
    reason: EndReason
    gross: float  # USD
    refund: float  # USD
    transfer: float  # seconds of restoring and saving

    @property
    def steps(self) -> float:
        """Steps kept (lost work does not count)."""
        return self.last_step - self.first_step

    @property
    def lost(self) -> bool:
        """Whether the machine went before its work was saved."""
        return self.reason == "revoked" and self.steps == 0

    @property
    def free(self) -> bool:
        return self.refund > 0 and self.refund >= self.gross


@dataclass(frozen=True)
class JobResult:
    """A finished tuning job.

    Attributes
    ----------
    leases : list of LeaseRecord
    ledger : Ledger
    jct : float
        Job completion time, seconds.
    ranking : list of str
        Trials, best first, as the policy sees them.
    regret : float
        Final metric of the chosen setting over that of the best one, minus 1.
    best_in_top3 : bool
        Whether the truly best setting is among the policy's first three.
    log : list of (float, Action)
        Every action with its time.
    """

    leases: list[LeaseRecord]
    ledger: Ledger
    jct: float
    ranking: list[str]
    regret: float
    best_in_top3: bool
    log: list[tuple[float, Action]] = field(repr=False)

    @property
    def cost(self) -> float:
        """USD after refunds."""
        return self.ledger.net

    @property
    def pcr(self) -> float:
        """Performance-cost rate 1 / (cost x JCT), per USD and hour (recalled).

        Infinite if everything was refunded.
        """
        spent = self.cost * self.jct / HOUR
        return 1.0 / spent if spent else math.inf

    @property
    def free_share(self) -> float:
        """Share of the kept steps that ran on machines whose time was refunded."""
        total = sum(lease.steps for lease in self.leases)
        free = sum(x.steps * (x.refund / x.gross) for x in self.leases if x.gross)
        return free / total

    @property
    def refund_share(self) -> float:
        """Share of the gross cost that was refunded."""
        return self.ledger.refund / self.ledger.gross if self.ledger.gross else 0.0

    @property
    def overhead_share(self) -> float:
        """Share of machine time that is neither training nor lost work."""
        held = sum(lease.ended - lease.launched for lease in self.leases)
        trained = sum(lease.stopped - lease.ready for lease in self.leases)
        return 1.0 - trained / held

    @property
    def transfer_share(self) -> float:
        """Share of machine time spent on restoring and saving checkpoints."""
        held = sum(lease.ended - lease.launched for lease in self.leases)
        return sum(lease.transfer for lease in self.leases) / held

    @property
    def lost_share(self) -> float:
        """Share of machine time spent on training that no checkpoint kept."""
        held = sum(lease.ended - lease.launched for lease in self.leases)
        lost = sum(x.stopped - x.ready for x in self.leases if x.lost)
        return lost / held

    @property
    def revocations(self) -> int:
        return sum(lease.reason == "revoked" for lease in self.leases)

    def summary(self) -> dict[str, float]:
        """The figures of this job as one flat row."""
        return {
            "cost": self.cost,
            "gross": self.ledger.gross,
            "refund": self.ledger.refund,
            "jct_hours": self.jct / HOUR,
            "pcr": self.pcr,
            "free_share": self.free_share,
            "refund_share": self.refund_share,
            "overhead_share": self.overhead_share,
            "transfer_share": self.transfer_share,
            "lost_share": self.lost_share,
            "revocations": self.revocations,
            "launches": len(self.leases),
            "regret": self.regret,
            "best_in_top3": float(self.best_in_top3),
        }
