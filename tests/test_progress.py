"""Progress bars: where they are drawn, and that nothing of them stays."""

from __future__ import annotations

import io
import sys

import pytest

from helpers.progress import progress_bar


def stream(module: str) -> io.StringIO:
    """A text stream whose class says that it comes from ``module``."""
    kind: type[io.StringIO] = type("OutStream", (io.StringIO,), {"__module__": module})
    return kind()


@pytest.mark.parametrize(
    ("module", "drawn_on"), [("ipykernel.iostream", "stdout"), ("_io", "stderr")]
)
def test_bars_are_no_errors_in_a_notebook(
    module: str, drawn_on: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, stream(module))
    assert list(progress_bar(range(3), desc="maps")) == [0, 1, 2]
    for name in ("stdout", "stderr"):
        drawn: str = getattr(sys, name).getvalue()
        assert ("maps" in drawn) == (name == drawn_on)
        assert not drawn.rpartition("\n")[2].rstrip("\r").rpartition("\r")[2].strip()


def test_a_bar_can_stay_and_can_be_off() -> None:
    out = io.StringIO()
    with progress_bar(total=2, leave=True, file=out) as bar:
        bar.update(2)
    assert out.getvalue().rpartition("\r")[2].startswith("100%")
    off = io.StringIO()
    list(progress_bar([1], disable=True, file=off))
    assert not off.getvalue()
