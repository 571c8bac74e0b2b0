"""The samplers that are compared: uniform temperatures, AdapT, controls and peers."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.adaptive_temperature.samplers import Sampler
from helpers.names import unknown_name

GREEDY = "greedy"
NUCLEUS = 0.95
"""top-p of the released code."""


def temperature_name(temperature: float, top_p: float = 1.0) -> str:
    """Name of a uniform temperature, such as ``T = 0.6, top-p 0.95``."""
    name = f"T = {temperature:g}"
    return name if top_p == 1 else f"{name}, top-p {top_p:g}"


def adapt_name(rule: str, a: float, b: float) -> str:
    """Name of a sampler with two temperatures, such as ``line-word 0.8/0.5``."""
    return f"{rule} {a:g}/{b:g}"


def uniform(
    temperatures: Sequence[float], top_ps: Sequence[float] = (1.0, NUCLEUS)
) -> list[Sampler]:
    """Greedy decoding, and every temperature with every top-p."""
    return [
        Sampler(GREEDY, greedy=True),
        *(
            Sampler(temperature_name(t, top_p), a=t, top_p=top_p)
            for top_p in top_ps
            for t in temperatures
        ),
    ]


def adapt(rule: str, a_grid: Sequence[float], b_grid: Sequence[float]) -> list[Sampler]:
    """AdapT at every pair with a above b; the rest of the grid is not its idea.

    Raises
    ------
    ValueError
        If no pair is left.
    """
    found = [
        Sampler(adapt_name(rule, a, b), rule, a, b)
        for a in a_grid
        for b in b_grid
        if a > b
    ]
    if not found:
        raise ValueError(
            f"no a of {list(a_grid)} is above a b of {list(b_grid)}; allowed: "
            "at least one pair with a > b"
        )
    return found


def published(rule: str) -> list[Sampler]:
    """AdapT at the pairs that are known to have been used or recommended.

    From the released code and its README, but for 0.8 and 0.5, which documents quote
    from the paper.
    """
    pairs = [(0.8, 0.6), (0.8, 0.5), (0.8, 0.3), (0.8, 0.2), (0.6, 0.5)]
    return [
        Sampler(adapt_name(rule, a, b), rule, a, b, top_p=NUCLEUS) for a, b in pairs
    ]


def controls(rules: Sequence[str], a: float, b: float, share: float) -> list[Sampler]:
    """Other rules at the same two temperatures.

    Parameters
    ----------
    rules : sequence of str
        ``random`` is hot at random positions, at the rate ``share``.
    share : float
        Share of hot tokens of the sampler that is compared with.
    """
    return [
        Sampler(adapt_name(rule, a, b), rule, a, b, share=share)
        if rule == "random"
        else Sampler(adapt_name(rule, a, b), rule, a, b)
        for rule in rules
    ]


def peers(names: Sequence[str]) -> list[Sampler]:
    """Samplers of other papers: ``entropy`` (EDT), ``min-p`` and ``top-n-sigma``.

    EDT's T0 and theta are this project's choice; its paper tunes them per task.

    Raises
    ------
    ValueError
        For another name.
    """
    known = {
        "entropy": Sampler("EDT 1/0.1", "entropy", a=1.0, theta=0.1),
        "min-p": Sampler("min-p 0.1", a=1.0, min_p=0.1),
        "top-n-sigma": Sampler("top-n-sigma 1", a=1.0, top_n_sigma=1.0),
    }
    for name in names:
        if name not in known:
            raise unknown_name("peer", name, list(known))
    return [known[name] for name in names]
