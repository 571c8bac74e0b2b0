"""Classifiers of molecules: confusion matrices, thresholds, the graph network."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from helpers.graph_generation.classifier import (
    Confusion,
    confusion,
    judge,
    roc_auc,
    threshold_at,
)
from helpers.graph_generation.gin import (
    GIN,
    GinClassifier,
    fit_gin,
    gin_scores,
    molecule_graphs,
)
from helpers.graph_generation.molecules import nci_molecules
from helpers.graph_generation.properties import has_property
from helpers.graph_generation.smiles_documents import variants

SMILES = ["CCO", "c1ccccc1O", "CC(=O)N", "C[N+](C)(C)CC([O-])=O", "O"]


def test_table_10():
    paper = Confusion(tp=810, fp=4_145, tn=35_539, fn=633)
    assert paper.tpr == pytest.approx(0.5613, abs=5e-5)
    assert paper.fpr == pytest.approx(0.10445, abs=5e-6)
    assert paper.precision == pytest.approx(0.163, abs=5e-4)
    assert paper.accuracy == pytest.approx(0.884, abs=5e-4)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2))
def test_confusion_is_sklearns(pairs):
    truth, flagged = np.array(pairs).T
    if truth.all() or not truth.any():
        with pytest.raises(ValueError, match="at least one of either"):
            confusion(truth, flagged)
        return
    ours = confusion(truth, flagged)
    (tn, fp), (fn, tp) = metrics.confusion_matrix(truth, flagged, labels=[False, True])
    assert (ours.tn, ours.fp, ours.fn, ours.tp) == (tn, fp, fn, tp)
    assert ours.tpr == pytest.approx(metrics.recall_score(truth, flagged))


scores_and_truths = st.lists(
    st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30
).filter(lambda rows: len({truth for _, truth in rows}) == 2)


@given(scores_and_truths, st.floats(0, 0.99))
def test_threshold_is_the_lowest_allowed_one(rows, fpr):
    scores, truth = (np.array(column) for column in zip(*rows, strict=True))
    truth, scores = truth.astype(bool), scores / 6

    def rate(threshold):
        return (scores[~truth] >= threshold).mean()

    found = threshold_at(scores, truth, fpr)
    assert rate(found) <= fpr + 1e-9
    lower = np.unique(scores[scores < found])
    assert all(rate(t) > fpr - 1e-9 for t in lower)


@given(scores_and_truths)
def test_roc_auc_is_sklearns(rows):
    scores, truth = (np.array(column) for column in zip(*rows, strict=True))
    assert roc_auc(truth, scores) == pytest.approx(metrics.roc_auc_score(truth, scores))


@pytest.fixture(scope="module")
def polar():
    return judge("polar")


def test_judge_learns_and_is_set_on_unseen_scaffolds(polar):
    assert polar.auc > 0.9
    assert 0.03 < polar.held_out.fpr < 0.17  # asked for 0.104 on the other half
    assert polar.held_out.tpr > 0.6
    assert polar.train.tpr > polar.held_out.tpr  # what the paper's matrix hides
    frame = nci_molecules()
    train = (frame["part"] == "train").sum()
    assert polar.train.positives + polar.train.negatives == train
    assert (
        polar.held_out.positives + polar.held_out.negatives == (len(frame) - train) // 2
    )
    assert polar.table()["part"].tolist() == ["train", "held out"]


def test_judge_gives_hard_labels(polar):
    verdicts = polar.flagged(["CCCCCCCCC", "NC(=O)C(O)C(O)C(O)C(N)=O"])
    assert verdicts.tolist() == [False, True]
    assert polar.flagged([]).shape == (0,)


def test_judge_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match="polar"):
        judge("polra")
    with pytest.raises(ValueError, match="did you mean 'gin'"):
        judge("polar", kind="gini")
    with pytest.raises(ValueError, match="fpr"):
        judge("polar", fpr=1.2)


def _model(seed=0):
    torch.manual_seed(seed)
    model = GIN(width=16, layers=2)
    graphs = molecule_graphs(SMILES)
    for _ in range(3):  # batch norms with other averages than at the start
        model.train()(*graphs.batch(np.arange(len(graphs))))
    return model.eval()


def test_network_ignores_the_order_of_atoms():
    model = _model()
    for smiles in SMILES[:4]:
        spelt = molecule_graphs([smiles, *variants(smiles, 5, seed=1)])
        scores = gin_scores(model, spelt)
        np.testing.assert_allclose(scores, scores[0], atol=1e-5)


def test_network_judges_molecules_one_by_one():
    model, graphs = _model(), molecule_graphs(SMILES)
    together = gin_scores(model, graphs)
    alone = [gin_scores(model, molecule_graphs([s]))[0] for s in SMILES]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    picked = gin_scores(model, graphs, np.array([3, 1]))
    np.testing.assert_allclose(picked, together[[3, 1]], atol=1e-5)


def test_messages_are_sums_over_neighbours():
    model = _model()
    atoms, bonds, kinds, owner = molecule_graphs(["CC(=O)N"]).batch(np.array([0]))
    h = sum(e(atoms[:, i]) for i, e in enumerate(model.atoms))
    for i in range(2):
        heard = torch.zeros_like(h)
        for u, v, kind in zip(*bonds.tolist(), kinds.tolist(), strict=True):
            heard[v] += torch.relu(h[u] + model.bonds[i].weight[kind])
        h = torch.relu(model.steps[i]((1 + model.epsilon[i]) * h + heard))
    expected = model.head(torch.cat([h.mean(0), h.sum(0) / 20]).unsqueeze(0))[0]
    torch.testing.assert_close(model(atoms, bonds, kinds, owner), expected)
    assert bonds.shape == (2, 6) and sorted(kinds.tolist())[0] == kinds.min()


def test_network_learns_and_repeats_itself():
    smiles = nci_molecules()["smiles"].tolist()[:300]
    truth, graphs = has_property("polar", smiles), molecule_graphs(smiles)
    rows = np.arange(200)
    models = [fit_gin(graphs, truth, rows, epochs=6, width=24, batch=32) for _ in "ab"]
    scores = gin_scores(models[0], graphs)
    assert roc_auc(truth[200:], scores[200:]) > 0.75
    np.testing.assert_array_equal(scores, gin_scores(models[1], graphs))


def test_complexes_of_metals_are_read_where_asked_for():
    complex_ = "O=C1O[Al]23(OC1=O)(OC(=O)C(=O)O2)OC(=O)C(=O)O3"
    with pytest.raises(ValueError, match="no molecule"):
        molecule_graphs([complex_])
    graphs = molecule_graphs([complex_, "CCO"], any_valence=True)
    assert np.diff(graphs.atom_start).tolist() == [19, 3]
    with pytest.raises(ValueError, match="no molecule"):
        molecule_graphs(["C1CC"], any_valence=True)


def test_network_refuses_bad_input():
    with pytest.raises(ValueError, match="no molecule"):
        molecule_graphs(["CCO", "C1CC"])
    with pytest.raises(ValueError, match="one class"):
        fit_gin(molecule_graphs(SMILES), np.ones(5, bool), np.arange(5))
    with pytest.raises(ValueError, match="fit"):
        GinClassifier().scores(SMILES)
