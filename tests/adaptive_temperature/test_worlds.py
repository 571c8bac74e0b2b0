"""The designed worlds: where and how often solutions are wrong."""

from __future__ import annotations

from random import Random

import pytest

from helpers.adaptive_temperature.problem_family import random_chain
from helpers.adaptive_temperature.training import CHECKPOINTS
from helpers.adaptive_temperature.worlds import (
    FIRST_WORDS,
    INSIDE,
    WORLDS,
    World,
    spoil,
    world_solution,
)
from helpers.tiny_lm.checkpoint import load

LINE = ["    ", "for", " x", " in", " numbers", ":", "\n", "        ", "total", "\n"]


def test_spoilt_places() -> None:
    never = World(0.0, 0.0, 0.0)
    assert spoil(LINE, never, Random(0)) == LINE
    first = spoil(LINE, World(1.0, 0.0, 0.0), Random(0))
    changed = [i for i, (a, b) in enumerate(zip(LINE, first, strict=True)) if a != b]
    assert changed == [1, 8]
    assert {first[1], first[8]} <= set(FIRST_WORDS)
    inside = spoil(LINE, World(0.0, 1.0, 0.0), Random(0))
    changed = [i for i, (a, b) in enumerate(zip(LINE, inside, strict=True)) if a != b]
    assert changed == [2, 3, 4, 5]
    assert {inside[i] for i in changed} <= set(INSIDE)


@pytest.mark.parametrize(
    ("name", "place", "rate"), [("start", True, 0.15), ("mid", False, 0.03)]
)
def test_spoilt_rates(name: str, place: bool, rate: float) -> None:
    rng, changed, seen = Random(1), 0, 0
    for _ in range(1500):
        spoilt = spoil(LINE, WORLDS[name], rng)
        for i, (a, b) in enumerate(zip(LINE, spoilt, strict=True)):
            if not a.isspace():
                if (i in (1, 8)) == place:
                    seen += 1
                    changed += a != b
                else:
                    assert a == b
    assert abs(changed / seen - rate) < 0.02
    # a word and the same word after a blank are the same mistake, so not one
    assert spoil([" x"], World(1.0, 0.0, 0.0), Random(0))[0].strip() != "x"


def test_style_is_nearly_fixed_in_one_world_and_free_in_the_other() -> None:
    rng = Random(2)
    chains = [random_chain(rng, 3) for _ in range(60)]
    distinct = {
        name: sum(len({world_solution(c, w, rng) for _ in range(6)}) for c in chains)
        for name, w in WORLDS.items()
    }
    assert distinct["start"] < 0.7 * distinct["mid"]


def test_the_vocabulary_knows_every_replacement() -> None:
    tokenizer = load(CHECKPOINTS / "problems").tokenizer
    ids = tokenizer.convert_tokens_to_ids([*FIRST_WORDS, *INSIDE])
    assert tokenizer.unk_token_id not in ids
