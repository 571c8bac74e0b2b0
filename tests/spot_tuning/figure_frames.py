"""Invented frames with the columns that the figures of notebook 02 take."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from helpers.spot_tuning.instances import PAPER_TYPES

WORKLOADS = ("LoR", "SVM", "GBTR", "LiR", "AlexNet", "ResNet")
COST = {
    "Cheapest": 1.0,
    "Fastest": 2.7,
    "SpotTune": 0.97,
    "SpotTune, no shutdown": 1.26,
    "Cheapest, early shutdown": 0.75,
    "Fastest, early shutdown": 2.0,
    "ASHA": 0.3,
    "On-demand": 2.2,
}
TIME = dict(zip(COST, (1.0, 0.3, 0.58, 0.57, 0.97, 0.29, 0.8, 1.0), strict=True))
EFFECTS = {"early_shutdown": 0.7, "cheap_markets": 0.8, "refunds": 0.9}


def policies(billings: tuple[str, ...] = ("first-hour-refund",)) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for billing, workload, draw in itertools.product(billings, WORKLOADS, range(4)):
        scale = rng.uniform(2, 9)
        for policy in COST:
            noise = np.exp(0.15 * rng.standard_normal(2))
            noise = np.ones(2) if policy == "Cheapest" else noise
            cost, hours = scale * COST[policy] * noise[0], 14 * TIME[policy] * noise[1]
            rows.append(
                {
                    "billing": billing,
                    "workload": workload,
                    "repetition": draw,
                    "policy": policy,
                    "cost": cost,
                    "jct_hours": hours,
                    "pcr": 1 / (cost * hours),
                }
            )
    return pd.DataFrame(rows)


def factorial() -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for draw in range(5):
        base = rng.uniform(2, 9)
        for on in itertools.product((False, True), repeat=3):
            cell = dict(zip(EFFECTS, on, strict=True))
            factor = np.prod([EFFECTS[name] for name, used in cell.items() if used])
            rows.append(
                {**cell, "workload": "LoR", "repetition": draw, "cost": base * factor}
            )
    return pd.DataFrame(rows)


def thetas() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "theta": theta,
            "workload": "LoR",
            "repetition": draw,
            "cost": 5 * (0.2 + 0.8 * theta) * rng.uniform(0.95, 1.05),
            "jct_hours": 9 * (0.4 + 0.6 * theta) * rng.uniform(0.95, 1.05),
            "regret": 0.02 * (1 - theta) * rng.uniform(0, 1),
            "best_in_top3": float(rng.random() < theta),
        }
        for theta in (0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
        for draw in range(4)
    )


def refunds() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    rows = []
    for place, delta in enumerate(("1e-05", "0.001", "0.05", "0.2", "uniform", "best")):
        for billing, draw in itertools.product(("first-hour", "no-refund"), range(4)):
            free = 0.5 / (1 + place) * (billing != "no-refund")
            rows.append(
                {
                    "delta": delta,
                    "billing": billing,
                    "workload": "LoR",
                    "repetition": draw,
                    "free_share": free * rng.uniform(0.8, 1.2),
                    "revocations": 200 // (1 + place),
                    "cost": 3 * (1 - free) * rng.uniform(0.9, 1.1),
                }
            )
    return pd.DataFrame(rows)


def checkpoints() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "checkpoint_mb": size,
            "transfer_share": size / 60_000,
            "lost_share": max(size - 7000, 0) / 40_000,
        }
        for size in (100, 500, 2000, 8000, 20_000)
        for _ in range(4)
    )


def scores() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    methods = ("RevPred", "Joint LSTM", "Logistic", "Hazard", "Majority")
    return pd.DataFrame(
        {
            "instance_type": kind,
            "seed": seed,
            "method": method,
            "auc": 0.77 - 0.05 * place + 0.03 * rng.standard_normal(),
            "brier": 0.18 + 0.02 * place + 0.01 * rng.standard_normal(),
        }
        for kind in PAPER_TYPES
        for seed in range(3)
        for place, method in enumerate(methods)
    )


def errors() -> pd.DataFrame:
    rng = np.random.default_rng(6)
    slopes = {
        "EarlyCurve": 2,
        "EarlyCurve, curve only": 1.7,
        "SLAQ": 1,
        "Last value": 1,
    }
    return pd.DataFrame(
        {
            "workload": workload,
            "theta": theta,
            "method": method,
            "error": 0.5 * (1 - theta) ** slope * np.exp(0.5 * rng.standard_normal()),
        }
        for workload in ("CNN", "LoR")
        for theta in (0.3, 0.5, 0.7, 0.9)
        for method, slope in slopes.items()
        for _ in range(16)
    )
