"""``curriculum doctor``: what this machine lacks, what scale ``paper`` would take."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from helpers import paths
from helpers.curriculum.tables import print_table
from helpers.scales import NotebookSpec, all_specs, find_spec


def doctor(
    notebooks: Annotated[
        list[str] | None, typer.Argument(help="01, self_assembly or 01_self_assembly.")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--scale", "-s", help="One scale; smoke and default otherwise."),
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(metavar="gpu=USD", help="Per hour, for scale paper; or cpu=USD."),
    ] = None,
) -> None:
    """What this machine has, and what it lacks for each notebook and scale.

    For scale paper also what there is to fetch, and an estimate of hours and dollars.
    """
    from helpers.curriculum import doctor as check
    from helpers.curriculum.jobs import Job

    specs = [find_spec(name) for name in notebooks or []] or all_specs()
    scales = [scale] if scale else ["smoke", "default"]
    if scale and specs:
        specs[0].scale(scale)  # an unknown name is bad input
    if scale == "paper":
        paper(specs, price or [])
    wanted = [(spec, s) for spec in specs for s in scales if s in spec.scales]
    rows = [spec.scale(s) for spec, s in wanted]
    signs = {True: "ok", False: "MISSING", None: "–"}
    checks = check.machine_checks(rows)
    machine = Table("this machine", "found", "")
    for item in checks:
        machine.add_row(item.item, item.found, signs[item.ok])
    print_table(machine)
    table = Table("notebook", "scale", "needs", "missing")
    lacking = False
    for (spec, s), row in zip(wanted, rows, strict=True):
        lines = check.missing([Job(spec, s)])
        lacking |= bool(lines)
        table.add_row(spec.name, s, check.needs(row), "; ".join(lines) or "nothing")
    print_table(table)
    if lacking or any(item.ok is False for item in checks):
        raise typer.Exit(2)


def paper(specs: list[NotebookSpec], prices: list[str]) -> None:
    """Two tables a notebook: what it downloads, and what it would take."""
    from helpers.curriculum.paper_costs import estimates, rates

    if not any(spec.plan for spec in specs):
        return
    assumed = rates(prices)
    for spec in specs:
        if not spec.plan:
            continue
        print(f"\n{spec.name}: {spec.title}")
        if spec.assets:
            print_table(_assets(spec))
        work = Table("part", "GPU memory", "hours", "dollars", "estimated by")
        parts = estimates(spec, assumed)
        for part in parts:
            work.add_row(
                f"({part.what})" if part.extra else part.what,
                "–" if part.gib is None else f"{part.gib:,.1f} GiB",
                f"{part.hours:,.2f}",
                f"{part.dollars:,.2f}",
                escape(part.formula),
            )
        own = [part for part in parts if not part.extra]
        most = max((part.gib or 0 for part in own), default=0)
        work.add_row(
            "the notebook",
            f"{most:,.1f} GiB" if most else "–",
            f"{sum(part.hours for part in own):,.2f}",
            f"{sum(part.dollars for part in own):,.2f}",
            "sum; what is in brackets needs other parameters, or more runs",
        )
        print_table(work)
    print(f"\nEstimated, never run on a GPU here. Assumed: {assumed}.\n")


def _assets(spec: NotebookSpec) -> Table:
    from helpers.assets import expected
    from helpers.curriculum.fetch import is_fetched

    store = paths.store()
    table = Table("asset", "from", "revision", "licence", "form", "disk", "fetched")
    for asset in spec.assets:
        entry = expected(asset.id, store)
        digests = {file.sha256 or file.md5 for file in asset.files}
        pinned = asset.revision or (entry and entry.revision)
        if not pinned and entry:
            pinned = "by the lock"
        if not pinned and digests and None not in digests:
            pinned = "by the files' hashes"
        table.add_row(
            asset.id if asset.wanted(spec.defaults()) else f"({asset.id})",
            escape(asset.source),
            pinned or "not pinned until fetched",
            escape(asset.licence),
            asset.access or "–",
            asset.size,
            "yes" if is_fetched(asset, store) else "no",
        )
    return table
