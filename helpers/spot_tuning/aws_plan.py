"""What a driver would launch now, and the worst-case bill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.spot_tuning.job import Launch

if TYPE_CHECKING:
    from helpers.spot_tuning.aws_driver import AwsDriver


def launch_plan(driver: AwsDriver) -> str:
    """Table of a driver's next launches; starts nothing.

    EC2 is asked whether it would allow each request (``DryRun``).
    """
    now, market = driver.seconds(), driver.market()
    rows = ["trial      type           spot now  max price  worst case  EC2"]
    held = list(driver.worst.values())
    for action in driver.policy.decide(driver.books.state(now, market)):
        if not isinstance(action, Launch):
            continue
        driver.books.check(action)
        held.append(driver.settings.exposure(action))
        launch = driver.books[action.trial].launches + 1
        request = driver.machines.request(action, launch)
        rows.append(
            f"{action.trial:10} {action.instance_type:14}"
            f"{market.price(action.instance_type, now):9.5f}"
            f"{action.max_price:11.5f}{held[-1].usd:12.5f}  "
            f"{driver.machines.rehearse(request)}"
        )
    budget = driver.settings.budget
    worst = budget.worst_case(driver.books.ledger.gross, held)
    word = "within" if worst <= budget.usd else "EXCEEDS"
    rows.append(f"worst case {worst:.5f} USD, {word} the {budget.usd:.2f} USD")
    return "\n".join(rows)
