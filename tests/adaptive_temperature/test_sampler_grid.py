"""The compared samplers: names, pairs, and complaints."""

from __future__ import annotations

import pytest

from helpers.adaptive_temperature import sampler_grid


def test_uniform_holds_greedy_and_temperatures_with_and_without_a_nucleus() -> None:
    found = sampler_grid.uniform([0.2, 0.8])
    assert [s.name for s in found] == [
        "greedy",
        "T = 0.2",
        "T = 0.8",
        "T = 0.2, top-p 0.95",
        "T = 0.8, top-p 0.95",
    ]
    assert found[0].greedy
    assert [(s.a, s.cold, s.top_p) for s in found[3:]] == [
        (0.2, 0.2, 0.95),
        (0.8, 0.8, 0.95),
    ]


def test_adapt_keeps_pairs_that_are_hotter_at_starts() -> None:
    found = sampler_grid.adapt("line", [0.6, 1.0], [0.2, 0.6])
    assert [(s.a, s.b) for s in found] == [(0.6, 0.2), (1.0, 0.2), (1.0, 0.6)]
    assert found[0].name == "line 0.6/0.2"
    with pytest.raises(ValueError, match="at least one pair with a > b"):
        sampler_grid.adapt("line", [0.2], [0.2, 0.4])


def test_only_the_random_control_has_a_share() -> None:
    anti, random = sampler_grid.controls(["anti", "random"], 1.0, 0.2, 0.1)
    assert (anti.rule, anti.share) == ("anti", 0)
    assert (random.rule, random.share) == ("random", 0.1)


def test_published_temperatures_come_with_the_released_nucleus() -> None:
    found = sampler_grid.published("release")
    assert all(s.top_p == 0.95 and s.a > s.cold for s in found)


def test_unknown_peers_are_refused() -> None:
    assert [s.name for s in sampler_grid.peers(["min-p"])] == ["min-p 0.1"]
    with pytest.raises(ValueError, match="did you mean 'min-p'"):
        sampler_grid.peers(["minp"])
