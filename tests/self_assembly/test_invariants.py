"""What holds for every run, whatever the target and the knobs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.self_assembly.assembly import Assembly
from helpers.self_assembly.config import AssemblyConfig

CONFIGS = st.builds(
    AssemblyConfig,
    kernel=st.sampled_from(["inverse-chebyshev", "linear-euclid", "ring-share"]),
    omega=st.sampled_from([0.0, 0.15, 1.0]),
    gamma=st.sampled_from([0.0, 0.2, 1.0]),
    phase_rule=st.sampled_from(["fixed", "feedback", "annealing-log"]),
    semantics=st.sampled_from(["locks", "rounds"]),
    rounds=st.integers(1, 4),
    order=st.sampled_from(["id", "random", "raster"]),
    refresh=st.integers(1, 3),
    gamma_reading=st.sampled_from(["engine", "release"]),
    tie=st.sampled_from(["random", "scan"]),
    repair=st.sampled_from(["none", "geodesic"]),
    patience=st.integers(1, 3),
    strict=st.booleans(),
)


@st.composite
def worlds(draw: st.DrawFn) -> Assembly:
    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    seed = draw(st.integers(0, 2**31))
    share = draw(st.floats(0, 1))
    target = np.random.default_rng(seed).random((height, width)) < share
    n = draw(st.integers(0, height * width))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Assembly(target, n, config=draw(CONFIGS), seed=seed, start="anywhere")


def check_history(assembly: Assembly) -> None:
    trace = assembly.trace
    target, n = assembly.target, assembly.n_agents
    for place in trace.positions:
        assert place.shape == (n, 2)
        assert (place >= 0).all() and (place < target.shape).all()
        assert len({tuple(p) for p in place.tolist()}) == n
    for old, new, moved, before, after in zip(
        trace.positions,
        trace.positions[1:],
        trace.moved,
        trace.unoccupied,
        trace.unoccupied[1:],
        strict=False,
    ):
        jump = np.abs(new - old)
        assert jump.max(initial=0) <= 1
        assert int(jump.any(axis=1).sum()) == moved
        if assembly.config.strict:
            stayed_in = target[tuple(old.T)] <= target[tuple(new.T)]
            assert stayed_in.all() and after <= before
    filled = target[tuple(trace.positions[-1].T)].sum()
    assert trace.unoccupied[-1] == target.sum() - filled


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_any_run_keeps_the_rules(assembly: Assembly) -> None:
    for _ in range(6):
        assembly.step()
    check_history(assembly)


@given(worlds())
@settings(max_examples=15, deadline=None)
def test_same_seed_same_bits(assembly: Assembly) -> None:
    start = assembly.positions
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        twin = Assembly(
            assembly.target, positions=start, config=assembly.config, seed=assembly.seed
        )
    for _ in range(5):
        assembly.step()
        twin.step()
    np.testing.assert_array_equal(assembly.positions, twin.positions)


@pytest.mark.parametrize("order", ["id", "random", "raster"])
def test_live_field_keeps_the_rules(order: str) -> None:
    target = np.zeros((12, 15), dtype=bool)
    target[3:9, 4:10] = True
    config = AssemblyConfig(field_update="live", order=order)
    assembly = Assembly(target, config=config, seed=5)
    trace = assembly.run()
    check_history(assembly)
    assert trace.completed


def test_seed_decides_the_run() -> None:
    target = np.zeros((20, 20), dtype=bool)
    target[5:14, 5:14] = True
    runs = [Assembly(target, seed=s).run() for s in (1, 1, 2)]
    assert all(
        np.array_equal(a, b)
        for a, b in zip(runs[0].positions, runs[1].positions, strict=True)
    )
    assert runs[0].unoccupied != runs[2].unoccupied
