"""Enumeration and random choice of code styles."""

from __future__ import annotations

from itertools import product
from random import Random

from helpers.adaptive_temperature.code_styles import (
    Chooser,
    every_choice,
    random_chooser,
    write_solution,
)
from helpers.adaptive_temperature.number_steps import ENDINGS as NUMBER_ENDINGS
from helpers.adaptive_temperature.number_steps import EVEN
from helpers.adaptive_temperature.problem_steps import filter_step
from helpers.adaptive_temperature.text_steps import ENDINGS as TEXT_ENDINGS
from helpers.adaptive_temperature.text_steps import VOWEL


def test_every_choice_is_the_product_of_the_options() -> None:
    def write(choose: Chooser) -> str:
        first = choose((0.5, 0.5))
        # the number of options of the second depends on the first
        return f"{first}{choose((1.0,) * (2 + first))}{choose((0.9, 0.1))}"

    expected = {f"0{b}{c}" for b, c in product(range(2), range(2))}
    expected |= {f"1{b}{c}" for b, c in product(range(3), range(2))}
    found = list(every_choice(write))
    assert sorted(found) == sorted(expected)


def test_what_is_never_drawn_is_no_choice() -> None:
    step, ending = filter_step(VOWEL, "text"), TEXT_ENDINGS[0]

    def write(choose: Chooser) -> str:
        return write_solution((step,), ending, choose)

    rng = Random(0)
    drawn = {write(random_chooser(rng)) for _ in range(400)}
    assert set(every_choice(write)) == drawn


def test_random_choices_follow_the_weights() -> None:
    choose = random_chooser(Random(0))
    share = sum(choose((0.25, 0.75)) for _ in range(4000)) / 4000
    assert abs(share - 0.75) < 0.03
    assert {choose((1.0, 0.0)) for _ in range(50)} == {0}


def test_a_filter_has_its_styles() -> None:
    step, ending = filter_step(EVEN, "numbers"), NUMBER_ENDINGS[1]
    bodies = set(every_choice(lambda choose: write_solution((step,), ending, choose)))
    text = "\n".join(bodies)
    for part in ("[x for x", "filter(lambda", "continue", "while i <", "total += x"):
        assert part in text
    assert len(bodies) == 5 + 2  # five on its own; two fused with the sum
    assert all(body.endswith("\n") for body in bodies)
