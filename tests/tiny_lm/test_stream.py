"""Streams: every batch a function of its step, full, of allowed widths, never twice."""

from __future__ import annotations

import pytest
import torch

from helpers.tiny_lm.batches import IGNORED
from helpers.tiny_lm.stream import Stream


def draw(step, rng):
    """Documents of 3 to 12 tokens, the first two given; the second names the step."""
    return [
        (
            [1, 4 + step, *rng.integers(100, 10**6, size - 2).tolist()],
            [0, 0, 3, *[1] * (size - 3)],
        )
        for size in rng.integers(3, 13, 7)
    ]


def stream(seed=0, **settings):
    standard = {"lengths": (4, 8, 12), "batch_tokens": 24, "batches": 10}
    return Stream(draw, seed=seed, **standard | settings)


def test_a_batch_depends_on_its_step_alone() -> None:
    first, other = stream(), stream()
    for step in (13, 2, 25, 2):
        assert torch.equal(first(step).ids, other(step).ids)
    assert torch.equal(stream()(25).ids, first(25).ids)
    different = stream(seed=1)(25).ids
    assert different.shape != first(25).ids.shape or not torch.equal(
        different, first(25).ids
    )


def test_batches_are_full_and_of_few_shapes() -> None:
    source = stream()
    shapes = {tuple(source(step).ids.shape) for step in range(60)}
    assert shapes == {(6, 4), (3, 8), (2, 12)}


def test_given_tokens_and_padding_are_not_learnt() -> None:
    source = stream()
    for step in range(20):
        batch = source(step)
        learnt = batch.labels != IGNORED
        assert not learnt[:, :2].any()
        assert torch.equal(learnt[:, 2:], batch.ids[:, 2:] > 0)
        assert torch.equal(batch.labels[learnt], batch.ids[learnt])
        assert (batch.weights[:, 2] == 3).all()
        assert torch.equal(batch.weights[:, 3:] == 1, learnt[:, 3:])


def test_documents_are_drawn_for_their_step_and_once() -> None:
    source = stream()
    seen: set[int] = set()
    for step in range(40):
        ids = source(step).ids
        assert set((ids[:, 1] - 4).tolist()) == {step // 10 * 10}
        drawn = ids[:, 2].tolist()  # a number that is hardly drawn twice
        assert not seen & set(drawn)
        seen |= set(drawn)


def test_lengths_keep_their_shares() -> None:
    source = stream(batches=200)
    rows = sum(len(source(step).ids) for step in range(200))
    long = sum(
        len(source(step).ids) for step in range(200) if source(step).ids.shape[1] == 12
    )
    assert long / rows == pytest.approx(0.4, abs=0.06)  # 9 to 12 of 3 to 12


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="rising"):
        stream(lengths=(8, 4))
    with pytest.raises(ValueError, match="no longer than a batch"):
        stream(lengths=(4, 30))
    with pytest.raises(ValueError, match="a document of"):
        stream(lengths=(4, 8))(0)
