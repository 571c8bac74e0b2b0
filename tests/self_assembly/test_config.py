"""Validation of the knobs and the phase rules."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from helpers.self_assembly.assembly import assemble
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.phases import PhaseRule


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kernel": "inverse-chebychev"}, "did you mean 'inverse-chebyshev'"),
        ({"omega": -0.1}, r"omega must be a number in \[0"),
        ({"omega": math.nan}, "omega"),
        ({"gamma": 1.01}, "gamma"),
        ({"gamma": "0.2"}, "gamma"),
        ({"beta": 0.0}, "beta must be positive"),
        ({"intensity": math.inf}, "intensity must be positive"),
        ({"refresh": 0}, "refresh must be an integer >= 1"),
        ({"refresh": 1.0}, "refresh"),
        ({"rounds": 0}, "rounds"),
        ({"patience": 0}, "patience"),
        ({"max_steps": -1}, "max_steps"),
        ({"strict": 1}, "strict must be True or False"),
        ({"semantics": "lock"}, "did you mean 'locks'"),
        ({"phase_rule": "anealing-log"}, "did you mean 'annealing-log'"),
        ({"phase_rule": "count"}, "needs switch_count"),
        ({"switch_count": -3}, "switch_count"),
        ({"field_update": "live", "semantics": "rounds"}, "needs semantics 'locks'"),
        ({"field_update": "live", "refresh": 2}, "needs refresh 1"),
        ({"field_update": "live", "field_method": "cone"}, "not 'cone'"),
        ({"field_method": "cone", "kernel": "ring-share"}, "cone"),
        ({"device": "tpu0"}, "device"),
        ({"device": "meta"}, "device"),
        ({"gama": 0.2}, "did you mean 'gamma'"),
    ],
)
def test_bad_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AssemblyConfig.from_options(**options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_missing_gpu_is_said_at_once() -> None:
    with pytest.raises(ValueError, match="finds no GPU"):
        AssemblyConfig(device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_same_bits_on_cpu_and_gpu_rounds_complete() -> None:
    target = np.zeros((40, 40), dtype=bool)
    target[10:30, 10:30] = True
    for device in ("cpu", "cuda"):
        trace = assemble(target, semantics="rounds", device=device)
        assert trace.completed


@pytest.mark.parametrize(
    ("omega", "open_cells", "early"),
    [(0.15, 16, 1.0), (0.15, 15, 0.0), (0.0, 1, 1.0), (0.0, 0, 0.0), (1.0, 100, 0.0)],
)
def test_fixed_rule(omega: float, open_cells: int, early: float) -> None:
    rule = PhaseRule(AssemblyConfig(omega=omega))
    assert rule.early_probability(open_cells, 100, 100) == early


def test_count_rule() -> None:
    rule = PhaseRule(AssemblyConfig(phase_rule="count", switch_count=30))
    assert [rule.early_probability(u, 100, 100) for u in (31, 30)] == [1.0, 0.0]


def test_feedback_rule_latches() -> None:
    rule = PhaseRule(AssemblyConfig(phase_rule="feedback"))
    for gain in [50] * 20 + [0, 0]:
        rule.observe(gain)
    assert rule.early_probability(5, 100, 100) == 1.0
    for gain in [0] * 10:
        rule.observe(gain)
    assert rule.early_probability(5, 100, 100) == 0.0
    for gain in [50] * 20:
        rule.observe(gain)
    assert rule.early_probability(5, 100, 100) == 0.0


@pytest.mark.parametrize(
    ("rule", "half"),
    [
        ("annealing-linear", 0.5),
        ("annealing-log", math.log(51) / math.log(101)),
        ("annealing-sine", 0.5),
    ],
)
def test_annealing_rules(rule: str, half: float) -> None:
    phase = PhaseRule(AssemblyConfig(phase_rule=rule))
    assert phase.early_probability(50, 100, 100) == pytest.approx(half)
    assert phase.early_probability(100, 100, 100) == pytest.approx(1.0)
    assert phase.early_probability(0, 100, 100) == pytest.approx(0.0)
    assert phase.early_probability(100, 100, 40) <= 1.0
    assert phase.early_probability(0, 100, 0) == 0.0


@pytest.mark.parametrize("rule", ["annealing-linear", "annealing-log", "feedback"])
def test_other_rules_complete(rule: str) -> None:
    target = np.zeros((24, 24), dtype=bool)
    target[7:17, 7:17] = True
    assert assemble(target, phase_rule=rule).completed
