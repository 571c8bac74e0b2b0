"""The same job under other billing rules.

A policy does not see the bill, so its decisions are the same under every regime: a job
is simulated once and billed as often as there are regimes.
"""

from __future__ import annotations

from dataclasses import replace

from helpers.spot_tuning.billing import MICRO, Billing, Ledger, charge
from helpers.spot_tuning.job_result import JobResult
from helpers.spot_tuning.prices import Market


def rebilled(result: JobResult, market: Market, rules: Billing) -> JobResult:
    """The job as it was, with every machine charged by ``rules``.

    Parameters
    ----------
    result : JobResult
    market : Market
        The one that the job ran in.
    rules : Billing
    """
    leases, ledger = [], Ledger()
    for lease, old in zip(result.leases, result.ledger, strict=True):
        bill = charge(
            rules,
            market,
            trial=old.trial,
            instance_type=old.instance_type,
            launched=old.launched,
            ended=old.ended,
            interrupted=old.interrupted,
            purchase=old.purchase,
        )
        ledger.charges.append(bill)
        leases.append(
            replace(lease, gross=bill.gross / MICRO, refund=bill.refund / MICRO)
        )
    return replace(result, leases=leases, ledger=ledger)
