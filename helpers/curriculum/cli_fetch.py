"""``curriculum fetch``: downloads what scale ``paper`` needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from helpers import paths
from helpers.assets import AssetError
from helpers.downloads import DownloadError
from helpers.parameters import ParameterError
from helpers.scales import all_specs, find_spec


def fetch(
    notebooks: Annotated[
        list[str] | None, typer.Argument(help="01, self_assembly or 01_self_assembly.")
    ] = None,
    mirror: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="Copy from a store, without a net."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Store; CURRICULUM_DATA or downloads else."),
    ] = None,
    extras: Annotated[
        bool,
        typer.Option("--all", help="Also what other values of parameters need."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option(help="Say what would be fetched, and fetch nothing.")
    ] = False,
) -> None:
    """Download and verify the models and data of scale paper (all notebooks else)."""
    from helpers.curriculum import fetch as work

    specs = [find_spec(name) for name in notebooks or []] or all_specs()
    if mirror is not None and not mirror.is_dir():
        raise ParameterError(f"--from {mirror} is no folder")
    store = to or paths.store()
    if store.exists() and not store.is_dir():
        raise ParameterError(f"{store} is no folder; allowed: --to a folder")
    console = Console(highlight=False, soft_wrap=True)
    wanted, failed = [], 0
    for asset in work.assets_of(specs, extras):
        if work.is_fetched(asset, store):
            console.print(f"{asset.id}: there", markup=False)
        elif dry_run:
            pinned = asset.revision or "not pinned until fetched"
            words = f"{asset.size}, {asset.source}, {pinned}, {asset.licence}"
            console.print(f"{asset.id}: {words}", markup=False)
        else:
            try:
                wanted.append(work.look_up(asset, store, mirror))
            except (AssetError, DownloadError) as error:
                failed += 1
                console.print(f"{asset.id}: FAILED: {error}", markup=False)
    try:
        work.check_disk(wanted, store)
    except AssetError as error:
        raise ParameterError(f"nothing was started: {error}") from None
    for one in wanted:
        try:
            entry = work.fetch(one, store, mirror)
        except (AssetError, DownloadError, OSError) as error:
            failed += 1
            console.print(f"{one.asset.id}: FAILED: {error}", markup=False)
            continue
        size = sum(file.bytes for file in entry.files.values()) / 2**20
        words = f"{len(entry.files)} files, {size:,.1f} MiB, {entry.revision or ''}"
        console.print(f"{one.asset.id}: {words.rstrip(', ')}", markup=False)
    if failed:
        raise typer.Exit(1)
