"""The checks let reference solutions pass and turn wrong ones down."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helpers.capstone.exercises import check_carry_on, check_steps, check_told_apart


def steps(lengths, theta, winners):
    return sum(n if t in winners else math.ceil(theta * n) for t, n in lengths.items())


def steps_rounded_down(lengths, theta, winners):
    return sum(n if t in winners else int(theta * n) for t, n in lengths.items())


def steps_without_winners(lengths, theta, winners):
    return sum(math.ceil(theta * n) for n in lengths.values())


def carry_on(make, machines):
    bucket = None
    for until, lost in machines:
        trainer = make()
        if bucket is not None:
            trainer.restore(bucket)
        while trainer.step < until:
            trainer.train_step()
        if not lost:
            bucket = trainer.state()
    return bucket


def carry_on_keeping_everything(make, machines):
    return carry_on(make, [(until, False) for until, _ in machines])


def carry_on_without_restoring(make, machines):
    bucket = None
    for until, lost in machines:
        trainer = make()
        start = 0 if bucket is None else trainer.step
        while trainer.step < until - start:
            trainer.train_step()
        bucket = bucket if lost else trainer.state()
    return bucket if len(machines) == 1 else b""


def carry_on_with_one_trainer(make, machines):
    trainer = make()
    for until, _ in machines:
        while trainer.step < until:
            trainer.train_step()
    return trainer.state()


def told_apart(wrong, score):
    difference = score[wrong][:, None] - score[~wrong]
    return (difference > 0).mean() + (difference == 0).mean() / 2


def told_apart_without_ties(wrong, score):
    return (score[wrong][:, None] > score[~wrong]).mean()


def told_apart_reversed(wrong, score):
    return told_apart(~wrong, np.asarray(score))


@pytest.mark.parametrize(
    ("check", "attempt"),
    [
        (check_steps, steps),
        (check_carry_on, carry_on),
        (check_told_apart, told_apart),
    ],
)
def test_a_solution_passes(check, attempt):
    check(attempt)


@pytest.mark.parametrize(
    ("check", "attempt"),
    [
        (check_steps, steps_rounded_down),
        (check_steps, steps_without_winners),
        (check_carry_on, carry_on_keeping_everything),
        (check_carry_on, carry_on_without_restoring),
        (check_carry_on, carry_on_with_one_trainer),
        (check_told_apart, told_apart_without_ties),
        (check_told_apart, told_apart_reversed),
    ],
)
def test_a_wrong_one_is_turned_down(check, attempt):
    with pytest.raises(AssertionError, match=r"\."):
        check(attempt)
