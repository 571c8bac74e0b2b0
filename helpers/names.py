"""One wording for "no such name", with the nearest name that exists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def suggest(name: str, names: Iterable[str]) -> str:
    """``"; did you mean 'x'?"`` for the nearest of ``names``, else an empty text."""
    close = get_close_matches(str(name), list(names), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown_name(kind: str, name: str, allowed: Sequence[str]) -> ValueError:
    """Error that says which name was wrong, the nearest one, and all allowed ones.

    Examples
    --------
    >>> print(unknown_name("shape", "spirl", ["line", "spiral"]))
    unknown shape 'spirl'; did you mean 'spiral'? (allowed: line, spiral)
    """
    return ValueError(
        f"unknown {kind} {name!r}{suggest(name, allowed)} "
        f"(allowed: {', '.join(allowed)})"
    )
