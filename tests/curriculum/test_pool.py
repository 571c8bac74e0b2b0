"""A worker's memory is looked at now and then, not at every turn of the loop."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from helpers.curriculum import budget, pool


def test_a_look_at_memory_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, looks = 100.0, []
    monkeypatch.setattr(pool.time, "monotonic", lambda: now)
    monkeypatch.setattr(budget, "tree", looks.append)
    monkeypatch.setattr(budget, "tree_memory", lambda *_: 300.0)
    worker: Any = SimpleNamespace(
        job=SimpleNamespace(row=SimpleNamespace(memory_mib=1000)),
        process=SimpleNamespace(pid=7),
        outcome=SimpleNamespace(peak_mib=0.0),
        seconds=1.0,
        limit_seconds=9.0,
        _looked=now,
    )
    for _ in range(30):  # three seconds of ticks
        now += pool._TICK
        pool.Worker.check_budgets(worker)
    assert 5 <= len(looks) <= 6
    assert worker.outcome.peak_mib == 300.0
