"""Claims: the paper's number, ours, the spread over seeds and a computed verdict.

``record(...)`` shows one row and stores the claim in the notebook's own output
(mime type :data:`MIME`); the runner collects it from there into ``results.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from helpers.expectations import Expectation, Ordering, Trend, reject_hollow
from helpers.intervals import interval

MIME = "application/vnd.reprise.claim+json"

REPRODUCED = "reproduced"
DIRECTION = "direction only"
NOT_REPRODUCED = "not reproduced"
NOT_TESTABLE = "not testable at this scale"
VERDICTS = (NOT_TESTABLE, NOT_REPRODUCED, DIRECTION, REPRODUCED)  # worst to best
SYMBOLS = {REPRODUCED: "●", DIRECTION: "◐", NOT_REPRODUCED: "○", NOT_TESTABLE: "–"}

PAPER_STATUS = ("printed", "recalled", "inferred", "ours", "none")

_recorded: dict[str, Claim] = {}
_judging = True


class ClaimError(ValueError):
    """A claim that cannot be judged: not finite, recorded twice, without seeds."""


@dataclass(frozen=True)
class Claim:
    """One judged statement; all fields are plain JSON values."""

    id: str
    statement: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    paper: float | str | None
    paper_status: str
    ref: str
    expected: str
    null: list[float]
    verdict: str
    reason: str = ""
    seeds: list[float] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def _ipython_display_(self) -> None:
        """Nothing: :func:`record` has shown the row already."""


def judge(
    expect: Expectation, value: float, low: float, high: float, null: Sequence[float]
) -> str:
    """Verdict of an interval: see the module's verdict names.

    *reproduced*: the whole interval satisfies the expectation. *direction only*: the
    value does and its interval, which reaches out, holds no null value; or the whole
    interval lies on the expected side of every null value without being in the
    expected region. *not reproduced*: anything else.
    """
    if expect.holds(low, high):
        return REPRODUCED
    if isinstance(expect, Trend):
        return DIRECTION if value > 0.5 else NOT_REPRODUCED
    if isinstance(expect, Ordering):
        return DIRECTION if low > 0 else NOT_REPRODUCED
    references = null or [0.0]
    if expect.holds(value, value):
        apart = not any(low <= reference <= high for reference in references)
        return DIRECTION if apart else NOT_REPRODUCED
    above = all(expect.low > reference for reference in references)
    below = all(expect.high < reference for reference in references)
    if (above and low > max(references)) or (below and high < min(references)):
        return DIRECTION
    return NOT_REPRODUCED


def record(
    id: str,
    value: float | None = None,
    unit: str = "",
    *,
    statement: str,
    expect: Expectation,
    null: float | Sequence[float],
    paper: float | str | None = None,
    paper_status: str = "none",
    ref: str = "",
    seeds: Sequence[float] | None = None,
    exact: bool = False,
    low: float | None = None,
    high: float | None = None,
    testable: bool = True,
    why: str = "",
) -> Claim:
    """Judge a claim, show it as a row and keep it for the Verdict table.

    Parameters
    ----------
    id : str
        Short name, unique within the notebook.
    value : float, optional
        Our number; the mean of ``seeds`` when left out.
    statement : str
        The claim in one sentence.
    expect : Expectation
        From :mod:`helpers.expectations`, with literal arguments.
    null : float or sequence of float
        What a do-nothing or chance-level method would give. The expectation must
        turn it down, and zero as well.
    paper, paper_status, ref
        The paper's number, how it is known (``printed``, ``recalled``,
        ``inferred``, ``ours``, ``none``) and where it stands.
    seeds : sequence of float, optional
        One value per independent run (paired differences for ``beats``); gives the
        95 % interval. At least 2.
    exact : bool
        The value is deterministic (no seeds needed).
    low, high : float, optional
        An interval around ``value`` computed elsewhere (bootstrap), instead of
        ``seeds`` and ``exact``.
    testable, why
        ``testable=False`` records that this scale cannot test the claim, and why.

    Raises
    ------
    ClaimError
        If a number is missing or not finite, the value lies outside its interval, the
        id was used before, or not one of seeds, an interval and ``exact`` is given.
    HollowExpectationError
        If zero or a null value satisfies the expectation.
    """
    nulls = [float(n) for n in (null if isinstance(null, Sequence) else [null])]
    if not all(map(math.isfinite, nulls)):
        raise ClaimError(f"claim {id!r}: null is {null}; allowed: finite numbers")
    reject_hollow(expect, nulls)
    if id in _recorded:
        raise ClaimError(f"claim {id!r} is recorded twice")
    if paper_status not in PAPER_STATUS:
        raise ClaimError(
            f"paper_status {paper_status!r} is not one of {', '.join(PAPER_STATUS)}"
        )
    if (low, high) != (None, None) and (exact or seeds is not None):
        raise ClaimError(
            f"claim {id!r} has low or high, and seeds or exact beside them; allowed: "
            "one of the three"
        )
    sample = [float(s) for s in seeds] if seeds is not None else []
    if not testable:
        value = low = high = None
        verdict = NOT_TESTABLE
    else:
        if value is None and sample:
            value = float(np.mean(sample))
        if value is None:
            raise ClaimError(f"claim {id!r} has neither value nor seeds")
        value = float(value)
        if len(sample) >= 2:
            low, high = interval(sample)
        elif exact:
            low = high = value
        elif low is None or high is None:
            raise ClaimError(
                f"claim {id!r} needs at least 2 seeds, an interval, or exact=True"
            )
        for name, number in (("value", value), ("low", low), ("high", high)):
            if number is None or not math.isfinite(number):
                raise ClaimError(f"claim {id!r}: {name} is {number}, not a number")
        low, high = float(low), float(high)
        rounding = 1e-9 * max(abs(low), abs(value), abs(high))
        if not low - rounding <= value <= high + rounding:
            raise ClaimError(
                f"claim {id!r}: value {value:g} lies outside its interval "
                f"[{low:g}, {high:g}]"
            )
        verdict = judge(expect, value, low, high, nulls) if _judging else NOT_TESTABLE
    claim = Claim(
        id=id,
        statement=statement,
        value=value,
        low=low,
        high=high,
        unit=unit,
        paper=float(paper) if isinstance(paper, int) else paper,
        paper_status=paper_status,
        ref=ref,
        expected=str(expect),
        null=nulls,
        verdict=verdict,
        reason=why,
        seeds=sample,
    )
    _recorded[id] = claim
    _publish(claim)
    return claim


def recorded() -> list[Claim]:
    """The claims recorded so far in this kernel."""
    return list(_recorded.values())


def reset(judging: bool = True) -> None:
    """Forget all claims; a notebook's first cell does this through ``begin``.

    ``judging=False`` (scale ``smoke``: too few seeds for a verdict that would be the
    same on another machine) keeps values and intervals but judges none of them.
    """
    global _judging
    _recorded.clear()
    _judging = judging


def _publish(claim: Claim) -> None:
    try:
        from IPython.core.getipython import get_ipython
        from IPython.display import display
    except ImportError:
        return
    if get_ipython() is None:
        return
    from helpers.claim_table import table_html, text_row

    display(
        {
            MIME: claim.to_json(),
            "text/html": table_html([claim], header=False),
            "text/plain": text_row(claim),
        },
        raw=True,
    )


def claims_in(notebook: Mapping[str, Any]) -> list[Claim]:
    """Claims stored in the outputs of an executed notebook, in order."""
    found = []
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(MIME)
            if isinstance(payload, str):
                payload = json.loads(payload)
            if payload:
                found.append(Claim(**payload))
    return found


def worse(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """One line per claim whose verdict is worse than, or absent from, the other."""
    lines = []
    for id, verdict in expected.items():
        if id not in found:
            lines.append(f"claim {id!r} is expected ({verdict}) but was not recorded")
        elif VERDICTS.index(found[id]) < VERDICTS.index(verdict):
            lines.append(f"claim {id!r} got worse: {verdict} -> {found[id]}")
    lines += [
        f"claim {id!r} ({verdict}) has no committed expectation"
        for id, verdict in found.items()
        if id not in expected
    ]
    return lines
