"""One wording for "no such name" in this chapter."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def nearest_name_error(kind: str, name: str, allowed: Sequence[str]) -> ValueError:
    """Error that says which name was wrong, the nearest one, and all allowed ones.

    Examples
    --------
    >>> print(nearest_name_error("shape", "spirl", ["line", "spiral"]))
    unknown shape 'spirl'; did you mean 'spiral'? Allowed: line, spiral
    """
    near = difflib.get_close_matches(str(name), allowed, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return ValueError(f"unknown {kind} {name!r}; {hint}Allowed: {', '.join(allowed)}")
