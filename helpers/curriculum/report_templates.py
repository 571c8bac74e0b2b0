"""The report's templates, and what every page of them can use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpers import claim_table, claims
from helpers.curriculum import report_claims
from helpers.curriculum.report_math import inline_math
from helpers.curriculum.report_runs import count_verdicts

TEMPLATES = Path(__file__).resolve().parent / "templates"


def environment() -> Environment:
    """The templates with the report's style, script and filters."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals.update(
        style=(TEMPLATES / "report.css").read_text("utf-8"),
        script=(TEMPLATES / "report.js").read_text("utf-8"),
        api_style=(TEMPLATES / "api.css").read_text("utf-8"),
        api_script=(TEMPLATES / "api.js").read_text("utf-8"),
        verdict=report_claims.verdict_mark,
        verdict_class=report_claims.verdict_class,
        count_verdicts=count_verdicts,
        symbols=claims.SYMBOLS,
    )
    made.filters.update(
        math=inline_math,
        number=claim_table.format_number,
        interval=claim_table.format_interval,
        paper=claim_table.paper_cell,
        ours=claim_table.ours_cell,
        duration=duration,
        when=when,
    )
    return made


def duration(seconds: float) -> str:
    """``0.8 s``, ``42 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")


def when(stamp: str) -> str:
    """An ISO 8601 time as ``2026-03-01 12:30 UTC``; the text itself if it is none."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")
