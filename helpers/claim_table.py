"""Claims as a reader sees them: rounded numbers, and the Verdict table."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable

from helpers.claims import SYMBOLS, Claim, recorded


def format_number(number: float | str | None) -> str:
    """Three significant digits, thousands separated, an en dash for nothing."""
    if number is None:
        return "–"
    if isinstance(number, str):
        return number
    if number != 0 and not 1e-3 <= abs(number) < 1e6:
        return f"{number:.2e}"
    digits = max(0, 2 - math.floor(math.log10(abs(number)))) if number else 0
    text = f"{number:,.{min(digits, 4)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_interval(claim: Claim) -> str:
    """``[low, high]``, or an en dash where there is none or it has no width."""
    if claim.low is None or claim.high is None or claim.low == claim.high:
        return "–"
    return f"[{format_number(claim.low)}, {format_number(claim.high)}]"


def ours_cell(claim: Claim) -> str:
    """Our number with its unit; an en dash alone where there is none."""
    unit = "" if claim.value is None else claim.unit
    return f"{format_number(claim.value)} {unit}".strip()


def text_row(claim: Claim) -> str:
    mark = SYMBOLS[claim.verdict]
    return f"{mark} {claim.id}: {ours_cell(claim)} -> {claim.verdict}"


def paper_cell(claim: Claim) -> str:
    """The paper's number with how it is known, when that is not ``printed``."""
    text = format_number(claim.paper)
    if claim.paper is not None and claim.paper_status not in ("printed", "none"):
        text += f" ({claim.paper_status})"
    return text


def table_html(claims: Iterable[Claim], header: bool = True) -> str:
    """The Verdict table: paper, ours, interval, expectation, verdict."""
    head = (
        "<tr><th style='text-align:left'>claim</th><th>paper</th><th>ours</th>"
        "<th>95 % interval</th><th>expected</th>"
        "<th style='text-align:left'>verdict</th></tr>"
    )
    rows = []
    for claim in claims:
        slug = claim.verdict.split()[0]
        note = f"<br><small>{html.escape(claim.reason)}</small>" if claim.reason else ""
        where = f" <small>{html.escape(claim.ref)}</small>" if claim.ref else ""
        words = claim.verdict.split()
        verdict = (
            f"<span style='white-space:nowrap'>{SYMBOLS[claim.verdict]} "
            f"{' '.join(words[:2])}</span> {' '.join(words[2:])}"
        )
        rows.append(
            "<tr><td style='text-align:left;width:38%'>"
            f"<b>{html.escape(claim.id)}</b><br>{html.escape(claim.statement)}</td>"
            f"{_wide(html.escape(paper_cell(claim)) + where, 9)}"
            f"{_wide(html.escape(ours_cell(claim)), 7)}"
            f"{_wide(html.escape(format_interval(claim)), 10)}"
            f"{_wide(html.escape(claim.expected), 9)}"
            f"<td class='verdict-{slug}' style='text-align:left'>{verdict}{note}</td>"
            "</tr>"
        )
    return f"<table class='claims'>{head if header else ''}{''.join(rows)}</table>"


def _wide(content: str, width: int) -> str:
    """A cell wide enough for usual texts, as far as the window has room for that."""
    return f"<td style='min-width:min({width}em,{width}vw)'>{content}</td>"


def show(claims: Iterable[Claim] | None = None) -> None:
    """Display the Verdict table of ``claims`` (all recorded ones by default)."""
    from IPython.display import HTML, display

    display(HTML(table_html(recorded() if claims is None else claims)))
