"""The noisy-label case study: the noise itself, and every measure against its words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from helpers.training_visualization.case_noise import (
    NoiseStudy,
    capacity_study,
    centre_distance,
    measures,
    noise_study,
    noisy_labels,
)
from helpers.training_visualization.heads import logits, softmax


def lines(table: pd.DataFrame) -> list[Any]:
    """Rows with a column's value as an attribute."""
    return list(table.itertuples())


@pytest.fixture(scope="module")
def study() -> NoiseStudy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURRICULUM_CACHE", "off")
        return noise_study(1, checkpoints=(30, 180), first_steps=300, steps=150)


@given(
    st.lists(st.integers(0, 4), min_size=2, max_size=60).filter(
        lambda y: len(set(y)) > 1
    ),
    st.floats(0, 1),
    st.integers(0, 9),
)
def test_noise_is_a_share_of_every_class_and_never_true(
    labels: list[int], share: float, seed: int
) -> None:
    y = np.array(labels)
    noisy = noisy_labels(y, share, seed)
    assert set(noisy) <= set(labels)
    for own in set(labels):
        members = y == own
        assert (noisy[members] != own).sum() == round(share * members.sum())
    np.testing.assert_array_equal(noisy, noisy_labels(y, share, seed))
    np.testing.assert_array_equal(y, labels)  # the input stays


def test_noise_is_symmetric() -> None:
    y = np.repeat(np.arange(4), 3000)
    noisy = noisy_labels(y, 0.5, 0)
    for own in range(4):
        counts = np.bincount(noisy[(y == own) & (noisy != y)], minlength=4)
        np.testing.assert_allclose(np.delete(counts, own), 500, atol=80)
    assert (noisy_labels(y, 0.5, 1) != noisy).any()


@pytest.mark.parametrize(
    ("y", "share", "message"),
    [
        ([0, 1], 1.5, "share is 1.5; allowed: 0 to 1"),
        ([0, 1], -0.1, "allowed: 0 to 1"),
        ([2, 2], 0.1, "1 classes; allowed: 2 or more"),
    ],
)
def test_bad_noise(y: list[int], share: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        noisy_labels(np.array(y), share)


def test_an_unknown_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="tangle"):
        noise_study(0, "tangel")


def test_the_measures_are_what_they_say(study: NoiseStudy) -> None:
    trace, dvi, noisy = study.trace, study.dvi, study.noisy
    assert noisy.sum() == 5 * 24  # a tenth of each class of 240
    assert study.memorised.shape == (2, 1200)
    for t, row in enumerate(lines(study.table)):
        epoch, head = trace.epochs[t], trace.heads[t]
        z = study.places[t]
        says = logits(head, trace.train[t]).argmax(axis=1)
        shows = logits(head, dvi.inverse_transform(z, epoch)).argmax(axis=1)
        own, right = trace.y[noisy], study.truth[noisy]
        assert row.epoch == epoch
        assert row.says_noisy == pytest.approx(np.mean(says[noisy] == own))
        assert row.says_true == pytest.approx(np.mean(says[noisy] == right))
        assert row.shows_noisy == pytest.approx(np.mean(shows[noisy] == own))
        assert row.shows_true == pytest.approx(np.mean(shows[noisy] == right))
        learned = study.memorised[t]
        assert row.shows_memorised == pytest.approx(
            np.mean(shows[learned] == trace.y[learned])
        )
        assert row.ppr == pytest.approx(np.mean(shows == says))
        assert row.ppr_clean == pytest.approx(np.mean(shows[~noisy] == says[~noisy]))
        assert row.ppr_noisy == pytest.approx(np.mean(shows[noisy] == says[noisy]))
        assert row.test == pytest.approx(trace.accuracy("test")[t])


def test_neighbours_and_detectors_against_brute_force(study: NoiseStudy) -> None:
    trace, noisy, y = study.trace, study.noisy, study.trace.y
    row, z, x = study.table.iloc[-1].to_dict(), study.places[-1], trace.train[-1]
    strange = {}
    for name, points in (("near", x), ("beside", z)):
        gap = cdist(points, points)
        np.fill_diagonal(gap, np.inf)
        labels = y[np.argsort(gap, axis=1)[:, :15]]
        same = labels == y[:, None]
        assert row[f"{name}_noisy"] == pytest.approx(same[noisy].mean(), abs=1e-3)
        right = (labels == study.truth[:, None])[noisy].mean()
        assert row[f"{name}_true"] == pytest.approx(right, abs=1e-3)
        strange[name] = 1 - same.mean(axis=1)
    loss = -np.log(softmax(trace.train_scores[-1])[np.arange(len(y)), y])
    for name, score in (
        ("auc_near", strange["beside"]),
        ("auc_near_features", strange["near"]),
        ("auc_loss", loss),
        ("auc_centre", centre_distance(z, y)),
    ):
        above = score[noisy][:, None] - score[~noisy][None]
        chance = np.mean(above > 0) + np.mean(above == 0) / 2
        assert row[name] == pytest.approx(chance, abs=1e-3), name


def test_what_the_network_learns_by_heart_the_map_does_not_show(
    study: NoiseStudy,
) -> None:
    early, late = study.table.iloc[0], study.table.iloc[-1]
    assert early.says_true > 0.6 > 0.3 > early.says_noisy
    assert early.shows_true > 0.55
    assert late.says_noisy > 0.6
    assert late.shows_noisy < 0.4
    assert late.shows_true > late.says_true + 0.2
    assert late.ppr_clean > late.ppr_noisy + 0.3


def test_a_larger_map_is_compared_on_the_same_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CURRICULUM_CACHE", "off")
    fits = ((16, 5.0, 40), (32, 20.0, 120))
    table = capacity_study(0, epoch=4, fits=fits)
    assert list(zip(table.width, table.recon_weight, table.steps, strict=True)) == [
        *fits
    ]
    for fixed in ("says_noisy", "near_noisy", "auc_loss", "test"):
        assert table[fixed].nunique() == 1
    assert table.ppr[1] > table.ppr[0]
    assert table[["ppr_test", "neighbors", "boundary"]].notna().all(axis=None)


def test_without_noise_there_is_nothing_to_count(study: NoiseStudy) -> None:
    table = measures(study.trace, study.trace.y, study.dvi)
    assert (
        table[["says_noisy", "shows_true", "near_true", "auc_loss"]]
        .isna()
        .all(axis=None)
    )
    assert table.ppr.notna().all()


def test_distance_to_the_centre_of_the_own_label() -> None:
    z = np.array([[0, 0], [0, 2], [0, 1], [9, 0], [5, 0], [7, 0]], float)
    y = np.array([0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(centre_distance(z, y), [1, 1, 0, 2, 2, 0])
