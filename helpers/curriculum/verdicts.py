"""Compare a run's verdicts with the committed ones."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.claims import Claim, worse
from helpers.curriculum.results import expected_verdicts


def compare(notebook: str, scale: str, claims: Sequence[Claim]) -> list[str]:
    """One line per claim that is worse than committed, or not committed at all."""
    found = {claim.id: claim.verdict for claim in claims}
    expected = expected_verdicts(notebook, scale)
    if expected is None:
        if not found:
            return []
        return [
            f"no verdicts are committed for scale {scale!r}: look at the claims, then "
            f'curriculum bless {notebook[:2]} --scale {scale} --why "first run"'
        ]
    return worse(expected, found)
