"""The runs that a report shows, and the scoreboard as plain records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.claims import VERDICTS, Claim
from helpers.curriculum.results import RunResult

if TYPE_CHECKING:
    from helpers.curriculum.report_pages import Heading

# What a reader came for stands first; other scales follow in their own order.
SCALE_ORDER = ("default", "paper", "smoke")
COLUMNS = (
    "notebook",
    "scale",
    "claim",
    "statement",
    "paper",
    "paper_status",
    "ref",
    "ours",
    "low",
    "high",
    "unit",
    "expected",
    "verdict",
    "reason",
    "run_status",
    "started",
    "commit",
)


@dataclass
class Entry:
    """One run with the page made from it."""

    result: RunResult
    folder: Path
    own: bool = False  # the reader gave values of their own
    changed: dict[str, Any] = field(default_factory=dict)  # these values
    page: str = ""  # file name, empty when the notebook could not be rendered
    problem: str = ""  # why there is no page
    sections: list[Heading] = field(default_factory=list)
    thumbnail: str = ""
    failure_anchor: str = ""
    body: str = ""

    @property
    def label(self) -> str:
        return self.folder.name

    @property
    def finished(self) -> bool:
        return self.result.status in ("passed", "claims worse")


@dataclass
class Notebook:
    """All official runs of one notebook, the preferred scale first."""

    name: str
    runs: list[Entry]

    @property
    def title(self) -> str:
        return self.runs[0].result.title

    @property
    def number(self) -> str:
        return self.name.split("_")[0]

    @property
    def thumbnail(self) -> str:
        return next((run.thumbnail for run in self.runs if run.thumbnail), "")


def collect(runs: Path) -> tuple[list[Entry], list[str]]:
    """Runs in the order to show them, and the folders without a readable result.

    A notebook has one official run per scale: the newest, which the runner keeps in a
    folder named like the scale. Other folders hold runs with the reader's own values;
    they stand at the end.
    """
    official: list[Entry] = []
    own: list[Entry] = []
    unreadable: list[str] = []
    for folder in sorted(runs.glob("*/*")):
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        result = RunResult.load(folder)
        if result is None:
            unreadable.append(f"{folder.parent.name}/{folder.name}")
        elif folder.name == result.scale:
            official.append(Entry(result, folder))
        else:
            own.append(Entry(result, folder, own=True))
    official.sort(key=lambda e: (e.result.notebook, _rank(e.result.scale)))
    standard = {(e.result.notebook, e.result.scale): e.result for e in official}
    for entry in own:
        usual = standard.get((entry.result.notebook, entry.result.scale))
        entry.changed = {
            name: value
            for name, value in entry.result.parameters.items()
            if usual is None or usual.parameters.get(name) != value
        }
    return official + own, unreadable


def _rank(scale: str) -> tuple[int, str]:
    known = SCALE_ORDER.index(scale) if scale in SCALE_ORDER else len(SCALE_ORDER)
    return known, scale


def group(entries: Iterable[Entry]) -> list[Notebook]:
    """Official runs by notebook, in the notebooks' order."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if not entry.own:
            found.setdefault(entry.result.notebook, []).append(entry)
    return [Notebook(name, found[name]) for name in sorted(found)]


def scoreboard(notebooks: Iterable[Notebook]) -> list[dict[str, Any]]:
    """One flat record per claim and scale, scales of a claim next to each other."""
    records = []
    for notebook in notebooks:
        for entry, claim in by_claim(notebook):
            result = entry.result
            records.append(
                {
                    "notebook": notebook.name,
                    "scale": result.scale,
                    "claim": claim.id,
                    "statement": claim.statement,
                    "paper": claim.paper,
                    "paper_status": claim.paper_status,
                    "ref": claim.ref,
                    "ours": claim.value,
                    "low": claim.low,
                    "high": claim.high,
                    "unit": claim.unit,
                    "expected": claim.expected,
                    "verdict": claim.verdict,
                    "reason": claim.reason,
                    "run_status": result.status,
                    "started": result.started,
                    "commit": result.commit,
                }
            )
    return records


def by_claim(notebook: Notebook) -> list[tuple[Entry, Claim]]:
    """Claims with their runs, the scales of one claim next to each other."""
    order: dict[str, int] = {}
    pairs = [(entry, claim) for entry in notebook.runs for claim in entry.result.claims]
    for _, claim in pairs:
        order.setdefault(claim.id, len(order))
    return sorted(pairs, key=lambda pair: order[pair[1].id])  # stable: scales in order


def count_verdicts(found: Iterable[Claim]) -> dict[str, int]:
    """Number of claims per verdict, best verdict first, zeros included."""
    verdicts = [claim.verdict for claim in found]
    return {verdict: verdicts.count(verdict) for verdict in reversed(VERDICTS)}


def counts_by_scale(notebooks: Iterable[Notebook]) -> dict[str, dict[str, int]]:
    """:func:`count_verdicts` of each scale over all notebooks."""
    gathered: dict[str, list[Claim]] = {}
    for notebook in notebooks:
        for entry in notebook.runs:
            gathered.setdefault(entry.result.scale, []).extend(entry.result.claims)
    scales = sorted(gathered, key=_rank)
    return {scale: count_verdicts(gathered[scale]) for scale in scales}


def to_csv(records: Sequence[dict[str, Any]]) -> str:
    """The scoreboard as CSV with a header line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def settings(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Distinct combinations of commit, versions and hardware, with their runs."""
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        result = entry.result
        facts = {
            "commit": result.commit,
            "hardware": result.hardware,
            "versions": dict(sorted(result.versions.items())),
        }
        key = json.dumps(facts, sort_keys=True)
        found.setdefault(key, {**facts, "runs": []})["runs"].append(entry)
    return list(found.values())
