"""What a notebook at a scale needs, and whether this machine has it."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from helpers import paths, processors
from helpers.curriculum import machine
from helpers.curriculum.fetch import is_fetched
from helpers.scales import Scale

if TYPE_CHECKING:
    from helpers.curriculum.jobs import Job

PYTHON = (3, 11)
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


@dataclass(frozen=True)
class Check:
    """One thing the machine has or lacks; ``ok`` is None where it is not tested."""

    item: str
    found: str
    ok: bool | None = True


def unfetched(job: Job) -> list[str] | None:
    """Assets that the notebook's cells will read, and that are not here.

    None where the notebook has none, or a parameter names something that only a
    network has.
    """
    spec, given = job.spec, job.overrides
    own = [asset for asset in spec.assets if asset.wanted(job.resolved)]
    found = []
    for asset in own:
        others = [given[p] for p in asset.parameters if given.get(p) is not None]
        if any(not _is_local(str(other)) for other in others):
            return None
        if not others and not is_fetched(asset, paths.store()):
            folder = paths.user_data()
            if folder is None or not (folder / asset.place).is_dir():
                usual = asset.wanted(spec.defaults())
                found.append(asset.id if usual else f"{asset.id} (with --all)")
    return found if own else None


def _is_local(source: str) -> bool:
    return urlsplit(source).hostname in ("localhost", "127.0.0.1", "::1") or (
        Path(source).exists()
    )


def missing(jobs: Sequence[Job], offline: bool = False) -> list[str]:
    """What this machine lacks for jobs of one row of a scale table, one line each.

    The network is tried, and torch asked for a GPU, only when the row needs them. Where
    all that the jobs read of a network is in the store, they need none.
    """
    row = jobs[0].row
    asked = [unfetched(job) for job in jobs] if row.internet else []
    to_fetch = dict.fromkeys(name for names in asked for name in names or ())
    found = []
    if machine.memory_mib() < row.memory_mib:
        found.append(
            f"{row.memory_mib} MiB of memory (this machine has "
            f"{machine.memory_mib():.0f} MiB)"
        )
    fetched = bool(asked) and all(names == [] for names in asked)
    if machine.disk_mib() < row.disk_mib and not fetched:
        found.append(
            f"{row.disk_mib} MiB of free disk (there is {machine.disk_mib():.0f} MiB)"
        )
    if row.gpu and not machine.gpu():
        found.append("a GPU that torch can use")
    if to_fetch:
        found.append(f"what curriculum fetch brings: {', '.join(to_fetch)}")
    if None in asked:
        if offline:
            found.append("the internet, which --offline cuts off")
        elif not machine.internet():
            found.append("the internet, which cannot be reached")
    return found


def needs(row: Scale) -> str:
    """What a row asks for, in words."""
    words = [f"{row.seconds:g} s", f"{row.memory_mib} MiB"]
    words += [f"{row.disk_mib} MiB disk"] if row.disk_mib else []
    words += [word for word in ("internet", "gpu") if getattr(row, word)]
    return ", ".join(words)


def machine_checks(rows: list[Scale]) -> list[Check]:
    """What there is; network and GPU are tested only when one of ``rows`` asks."""
    python = sys.version_info[:2] >= PYTHON
    checks = [
        Check("Python", f"{platform.python_version()} (3.11 or newer)", python),
        Check("processor", f"{processors.cores()} cores, {machine.processor()}"),
        Check(
            "memory",
            f"{machine.memory_mib():.0f} MiB, {machine.available_mib():.0f} MiB free",
        ),
        Check("disk", f"{machine.disk_mib():.0f} MiB free in {paths.BUILD.parent}"),
    ]
    untested = "not tested: nothing asked for needs it"
    if any(row.gpu for row in rows):
        name = machine.gpu()
        checks.append(Check("GPU", name or "none that torch can use", bool(name)))
    else:
        checks.append(Check("GPU", untested, None))
    if any(row.internet for row in rows):
        reached = machine.internet()
        words = "reached" if reached else "cannot be reached"
        checks.append(Check("internet", words, reached))
    else:
        checks.append(Check("internet", untested, None))
    return [*checks, lock_check(), chromium_check()]


def lock_check() -> Check:
    """Whether the installed versions are the tested ones.

    What only extras of the project need may be absent.
    """
    if not paths.LOCK.exists():
        return Check("packages", f"there is no {paths.LOCK.name}", None)
    wrong, right, needed = [], 0, _required()
    for name, pinned in read_lock(paths.LOCK).items():
        try:
            installed = version(name).partition("+")[0]  # +cpu names a build
        except PackageNotFoundError:
            if _plain(name) in needed:
                wrong.append(f"{name} is missing")
            continue
        right += installed == pinned
        if installed != pinned:
            wrong.append(f"{name} {installed}, tested {pinned}")
    if not wrong:
        return Check("packages", f"all {right} as tested")
    shown = "; ".join(wrong[:5]) + ("; …" if len(wrong) > 5 else "")
    return Check("packages", f"{len(wrong)} differ from the lock: {shown}", False)


def _required() -> set[str]:
    """Plain names of what the project needs without its extras."""
    try:
        lines = requires("reprise") or []
    except PackageNotFoundError:  # run from its sources
        lines = []
    needed = [line for line in lines if "extra ==" not in line]
    return {_plain(re.split(r"[^A-Za-z0-9._-]", line)[0]) for line in needed}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> dict[str, str]:
    """Package names and versions of a lock file, local suffixes left out."""
    pins = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := _PIN.match(line):
            pins[match.group(1)] = match.group(2).partition("+")[0]
    return pins


def chromium_check() -> Check:
    """Only the browser tests need it."""
    place = next(filter(None, map(shutil.which, _CHROMIUM)), None)
    words = place or "none: the browser tests are skipped"
    return Check("Chromium", words, True if place else None)
