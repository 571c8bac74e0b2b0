import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.tiny_lm.batches import IGNORED, Examples, Windows


def examples(lengths, given_tokens=None, **settings):
    """Sequences whose tokens say which one they are and at which place."""
    sequences = [[100 * (i + 1) + j for j in range(n)] for i, n in enumerate(lengths)]
    given_tokens = given_tokens or [1] * len(lengths)
    return Examples(sequences, given_tokens, **{"seed": 0, **settings}), sequences


@given(
    st.lists(st.integers(2, 20), min_size=1, max_size=40),
    st.integers(20, 90),
    st.integers(0, 3),
)
@settings(max_examples=100, deadline=None)
def test_an_epoch_has_every_sequence_once_and_no_batch_is_too_large(
    lengths, batch_tokens, epoch
):
    source, sequences = examples(lengths, batch_tokens=batch_tokens)
    seen = []
    for step in range(epoch * len(source), (epoch + 1) * len(source)):
        batch = source(step)
        assert batch.ids.numel() <= batch_tokens
        for row in batch.ids.tolist():
            seen.append([i for i in row if i])
            assert row == seen[-1] + [0] * (len(row) - len(seen[-1]))
    assert sorted(seen) == sequences


def test_labels_are_the_tokens_to_be_learnt():
    source, _ = examples([4, 6, 3], [2, 5, 0], batch_tokens=18)
    batch = source(0)
    assert batch.labels.dtype == batch.ids.dtype == torch.int64
    rows = dict(zip(batch.ids[:, 0].tolist(), batch.labels.tolist(), strict=True))
    x = IGNORED
    assert rows[100] == [x, x, 102, 103, x, x]
    assert rows[200] == [x, x, x, x, x, 205]
    assert rows[300] == [x, 301, 302, x, x, x]  # nothing predicts the first token


def test_a_batch_depends_on_seed_and_step_alone():
    lengths = np.random.default_rng(0).integers(5, 15, 200).tolist()
    forward, _ = examples(lengths, batch_tokens=60)
    backward, _ = examples(lengths, batch_tokens=60)
    steps = range(2 * len(forward))
    ahead = [forward(i).ids for i in steps]
    behind = [backward(i).ids for i in reversed(steps)][::-1]
    assert all(torch.equal(a, b) for a, b in zip(ahead, behind, strict=True))
    other, _ = examples(lengths, batch_tokens=60, seed=1)
    assert not all(
        torch.equal(a, other(i).ids) for i, a in zip(steps, ahead, strict=True)
    )
    first, second = ahead[: len(forward)], ahead[len(forward) :]
    assert [b.shape for b in first] != [b.shape for b in second]


def test_little_of_a_batch_is_padding():
    lengths = np.random.default_rng(1).integers(20, 120, 5000).tolist()
    source, _ = examples(lengths, batch_tokens=4000)
    cells = sum(source(i).ids.numel() for i in range(len(source)))
    assert sum(lengths) / cells > 0.98
    assert cells / len(source) > 0.9 * 4000


def test_examples_that_cannot_be_used_are_refused():
    with pytest.raises(ValueError, match="no token to learn"):
        examples([4, 5], [1, 5], batch_tokens=50)
    with pytest.raises(ValueError, match="allowed: batch_tokens of 12 or more"):
        examples([4, 12], batch_tokens=11)
    with pytest.raises(ValueError, match="at least one"):
        examples([], batch_tokens=10)
    with pytest.raises(ValueError, match="as many of either"):
        examples([4, 4], [1], batch_tokens=10)


def test_windows_cover_an_epoch_without_overlap():
    source = Windows(np.arange(1000), length=8, batch_tokens=35, seed=2)
    assert source.rows == 4
    starts = []
    for epoch in range(2):
        seen = []
        for step in range(epoch * len(source), (epoch + 1) * len(source)):
            batch = source(step)
            assert batch.ids.shape == (4, 8)
            assert torch.equal(
                batch.ids - batch.ids[:, :1], torch.arange(8).expand(4, 8)
            )
            assert torch.equal(batch.labels[:, 1:], batch.ids[:, 1:])
            assert bool((batch.labels[:, 0] == IGNORED).all())
            seen += batch.ids.flatten().tolist()
        assert len(seen) == len(set(seen)) > 1000 - 8 - 4 * 8 - 8
        starts.append(min(seen) % 8)
    assert starts[0] != starts[1]


def test_windows_need_two_batches():
    with pytest.raises(ValueError, match="two batches"):
        Windows(np.arange(64), length=8, batch_tokens=32, seed=0)
    with pytest.raises(ValueError, match="between one window"):
        Windows(np.arange(64), length=8, batch_tokens=7, seed=0)
