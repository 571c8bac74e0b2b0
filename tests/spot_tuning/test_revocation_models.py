"""The networks against their equations in numpy; who sees which input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit

from helpers.spot_tuning.revocation_models import NETWORKS, JointLSTM, SplitLSTM

HIDDEN = 5
RNG = np.random.default_rng(0)
RECORDS = RNG.normal(size=(4, 60, 6)).astype(np.float32)
DELTA = RNG.normal(size=4).astype(np.float32)


def build(network):
    torch.manual_seed(0)
    return network(HIDDEN)


def answers(network, records=RECORDS, delta=DELTA):
    with torch.no_grad():
        return network(torch.from_numpy(records), torch.from_numpy(delta)).numpy()


def stacked_lstm(w, x):
    """Last state of three LSTM layers over x (steps, inputs)."""
    for layer in range(3):
        parts = [w[f"lstm.{k}_l{layer}"] for k in ("weight_ih", "weight_hh", "bias_ih")]
        bias = parts[2] + w[f"lstm.bias_hh_l{layer}"]
        h = c = np.zeros(HIDDEN)
        states = []
        for record in x:
            i, f, g, o = np.split(parts[0] @ record + parts[1] @ h + bias, 4)
            c = expit(f) * c + expit(i) * np.tanh(g)
            h = expit(o) * np.tanh(c)
            states.append(h)
        x = np.array(states)
    return x[-1]


def test_split_network_by_its_equations():
    network = build(SplitLSTM)
    w = {k: v.double().numpy() for k, v in network.state_dict().items()}
    for record, delta, answer in zip(RECORDS, DELTA, answers(network), strict=True):
        x = np.append(record[-1], delta)
        for i in range(3):
            x = np.maximum(w[f"dense.{i}.weight"] @ x + w[f"dense.{i}.bias"], 0)
        joined = np.concatenate([stacked_lstm(w, record[:-1]), x])
        expected = w["out.weight"][0] @ joined + w["out.bias"][0]
        assert answer == pytest.approx(expected, abs=1e-5)


def test_joint_network_by_its_equations():
    network = build(JointLSTM)
    w = {k: v.double().numpy() for k, v in network.state_dict().items()}
    for record, delta, answer in zip(RECORDS, DELTA, answers(network), strict=True):
        inputs = np.column_stack([record, np.full(60, delta)])
        expected = w["out.weight"][0] @ stacked_lstm(w, inputs) + w["out.bias"][0]
        assert answer == pytest.approx(expected, abs=1e-5)


def test_the_embedding_is_free_of_present_and_max_price():
    network = build(SplitLSTM)
    with torch.no_grad():
        past = network.embed(torch.from_numpy(RECORDS[:, :-1])).numpy()
        again = network.embed(torch.from_numpy(RECORDS[:2, :-1])).numpy()
    np.testing.assert_allclose(past[:2], again, atol=1e-6)


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_input_counts(name):
    network = build(NETWORKS[name])
    before = answers(network)
    for age in (8, 1, 0):
        changed = RECORDS.copy()
        changed[:, 59 - age] += 100
        assert (answers(network, changed) != before).all()
    assert (answers(network, delta=DELTA + 1) != before).all()
