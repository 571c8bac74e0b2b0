"""The adversarial case study: the attack, and the table against its words."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.training_visualization.case_adversarial import (
    KINDS,
    AdversarialStudy,
    Attack,
    adversarial_study,
)
from helpers.training_visualization.heads import logits
from helpers.training_visualization.subjects import digits


def lines(table: pd.DataFrame) -> list[Any]:
    """Rows with a column's value as an attribute."""
    return list(table.itertuples())


@pytest.fixture(scope="module")
def study() -> AdversarialStudy:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CURRICULUM_CACHE", "off")
        return adversarial_study(0, checkpoints=(2,), first_steps=500, steps=250)


def test_an_attack_stays_in_its_box_and_leaves_the_model_alone() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 8), nn.ReLU(), nn.Linear(8, 3))
    before = [w.clone() for w in model.parameters()]
    x, y = torch.rand(20, 1, 3, 3), torch.arange(20) % 3
    kept = x.clone()
    attacked = Attack(0.2)(model, x, y, torch.Generator().manual_seed(1))
    again = Attack(0.2)(model, x, y, torch.Generator().manual_seed(1))
    assert torch.equal(attacked, again)
    assert torch.equal(x, kept)
    assert not attacked.requires_grad
    assert (attacked - x).abs().max() <= 0.2 + 1e-6
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert F.cross_entropy(model(attacked), y) > F.cross_entropy(model(x), y)
    for weight, old in zip(model.parameters(), before, strict=True):
        assert weight.grad is None
        assert torch.equal(weight, old)


def test_on_a_linear_model_the_attack_finds_the_worst_corner() -> None:
    """All corners of the box are tried: on a linear model the worst is one of them."""
    torch.manual_seed(3)
    model = nn.Linear(5, 2)
    x, y = 0.3 + 0.4 * torch.rand(6, 5), torch.tensor([0, 1, 0, 1, 1, 0])
    corners = torch.tensor(list(product((-0.1, 0.1), repeat=5)))
    attacked = Attack(0.1, steps=12)(model, x, y, torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = F.cross_entropy(model(attacked), y, reduction="none")
        for i, loss in enumerate(found):
            every = model(x[i] + corners)
            worst = F.cross_entropy(every, y[i].expand(len(every)), reduction="none")
            assert float(loss) == pytest.approx(float(worst.max()), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"epsilon": 2.0}, "allowed: 0 to 1"), ({"steps": 0}, "allowed: 1 or more")],
)
def test_bad_attacks(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Attack(**options)  # type: ignore[arg-type]


def test_the_trace_holds_each_kind_in_order(study: AdversarialStudy) -> None:
    split = digits()
    assert study.trace.epochs == (0, 2)
    assert study.trace.test.shape == (2, 3 * 360, 64)
    np.testing.assert_array_equal(study.trace.y_test, np.tile(split.y_test, 3))
    clean, old, new = (study.images[:, study.rows(kind)] for kind in KINDS)
    for t in (0, 1):
        np.testing.assert_array_equal(clean[t], split.x_test)
        np.testing.assert_array_equal(old[t], old[0])
        assert np.abs(new[t] - clean[t]).max() <= 0.15 + 1e-6
    np.testing.assert_array_equal(new[0], old[0])
    assert not np.allclose(new[1], old[1])


def test_the_table_is_what_it_says(study: AdversarialStudy) -> None:
    trace = study.trace
    assert list(study.table.kind) == list(KINDS) * 2
    for i, row in enumerate(lines(study.table)):
        t, part = i // 3, study.rows(row.kind)
        epoch, head = trace.epochs[t], trace.heads[t]
        z = study.places[t]
        says = logits(head, trace.test[t]).argmax(axis=1)[part]
        shows = logits(head, study.dvi.inverse_transform(z, epoch)).argmax(1)[part]
        y = trace.y_test[part]
        assert row.epoch == epoch
        assert row.accuracy == pytest.approx(np.mean(says == y))
        assert row.territory == pytest.approx(np.mean(shows == y))
        assert row.ppr == pytest.approx(np.mean(shows == says))
        assert row.fooled_shown == pytest.approx(np.mean((shows != y)[says != y]))
        for name, points, train in (
            ("moved", z, study.dvi.places_[t]),
            ("moved_features", trace.test[t], trace.train[t]),
        ):
            off = train - train.mean(axis=0)
            size = np.sqrt(np.square(off).sum(axis=1).mean())
            gap = np.linalg.norm(points[part] - points[study.rows("clean")], axis=1)
            assert getattr(row, name) == pytest.approx(gap.mean() / size, rel=1e-3)


def test_training_hardens_and_attacked_samples_move_less(
    study: AdversarialStudy,
) -> None:
    clean, _, before, _, old, after = lines(study.table)
    assert clean.accuracy > 0.95
    assert before.accuracy < 0.4
    assert after.accuracy > before.accuracy + 0.15
    assert after.moved < before.moved
    assert after.territory > before.territory + 0.15
    assert old.accuracy > after.accuracy
