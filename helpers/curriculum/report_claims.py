"""Claims as HTML: the table on a notebook's page and the mark of a verdict."""

from __future__ import annotations

import html
from collections.abc import Iterable

from helpers import claim_table, claims
from helpers.claims import Claim
from helpers.curriculum.report_math import inline_math


def claims_table(found: Iterable[Claim]) -> str:
    """A labelled table of ``found``, in the columns of the scoreboard."""
    rows = []
    for claim in found:
        note = f"<small>{inline_math(claim.reason)}</small>" if claim.reason else ""
        where = f"<small>{html.escape(claim.ref)}</small>" if claim.ref else ""
        rows.append(
            f'<tr><th scope="row"><code>{html.escape(claim.id)}</code>'
            f"<span>{inline_math(claim.statement)}</span></th>"
            f"<td>{html.escape(claim_table.paper_cell(claim))}{where}</td>"
            f"<td>{html.escape(claim_table.ours_cell(claim))}</td>"
            f"<td>{claim_table.format_interval(claim)}</td>"
            f"<td>{html.escape(claim.expected)}</td>"
            f"<td>{verdict_mark(claim.verdict)}{note}</td></tr>"
        )
    return (
        '<table class="claims"><caption class="visually-hidden">Claims recorded here'
        '</caption><thead><tr><th scope="col">Claim</th><th scope="col">Paper</th>'
        '<th scope="col">Ours</th><th scope="col">95 % interval</th>'
        '<th scope="col">Expected</th><th scope="col">Verdict</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def verdict_mark(verdict: str) -> str:
    """Symbol and word; the colour only repeats them."""
    symbol = claims.SYMBOLS.get(verdict, "?")
    return (
        f'<span class="verdict {verdict_class(verdict)}">'
        f'<span class="mark" aria-hidden="true">{symbol}</span> '
        f"{html.escape(verdict)}</span>"
    )


def verdict_class(verdict: str) -> str:
    """CSS class of a verdict: ``v-reproduced``, ``v-direction``, ``v-not-...``."""
    return "v-" + "-".join(verdict.split()[:2])
