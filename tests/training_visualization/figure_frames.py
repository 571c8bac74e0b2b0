"""Invented frames with the columns that the figures of notebook 03 take."""

from __future__ import annotations

import numpy as np
import pandas as pd

METHODS = {
    # neighbours, boundary, PPR, confidence, r, movement, seconds
    "DVI": (6.8, 8.9, 0.95, 0.03, -0.64, 0.21, 20.0),
    "PCA": (3.4, 7.5, 0.60, 0.36, 0.28, 1.29, 0.01),
    "t-SNE": (9.3, 7.7, np.nan, np.nan, -0.21, 1.42, 6.1),
    "UMAP": (8.5, 7.0, 0.98, 0.03, 0.14, 0.71, 4.4),
    "AlignedUMAP": (8.2, 7.1, np.nan, np.nan, -0.3, 0.35, 9.0),
    "Parametric UMAP": (7.4, 8.0, 0.955, 0.025, 0.14, 1.63, 17.0),
    "TimeVis": (6.1, 8.2, 0.92, 0.05, -0.5, 0.4, 3.0),
}
VARIANTS = {
    "DVI": METHODS["DVI"],
    "no boundary points": (7.2, 7.9, 0.95, 0.03, -0.63, 0.22, 15.0),
    "no attention": (6.8, 8.8, 0.94, 0.04, -0.64, 0.21, 19.0),
    "no transfer": (6.5, 9.2, 0.936, 0.035, 0.01, 1.65, 18.0),
    "no temporal loss": (7.1, 8.7, 0.95, 0.026, -0.64, 0.23, 19.0),
    "released weights": (4.7, 8.5, 0.84, 0.129, -0.59, 0.2, 20.0),
}
EPOCHS = (1, 3, 5, 7, 9, 12, 15)
PLACES = ("neighbors", "boundary", "ppr", "confidence_difference")


def properties(methods=METHODS, seeds=3) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for name, values in methods.items():
        for seed in range(seeds):
            for t, epoch in enumerate(EPOCHS):
                for split in ("train", "test"):
                    for k in (10, 15):
                        factor = rng.normal(0.9 + 0.02 * t, 0.02, 4)
                        found = dict(zip(PLACES, values[:4] * factor, strict=True))
                        if split == "test" and name in ("t-SNE", "AlignedUMAP"):
                            continue
                        if epoch == 1:
                            found["boundary"] = np.nan
                        rows.append(
                            {
                                "method": name,
                                "epoch": epoch,
                                "split": split,
                                "k": k,
                                **found,
                                "ppr": min(found["ppr"], 1),
                                "seed": seed,
                            }
                        )
    return pd.DataFrame(rows)


def times(methods=METHODS, seeds=3) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "method": name,
            "split": "train",
            "temporal": values[4] + 0.03 * rng.standard_normal(),
            "null": -0.25 + 0.03 * rng.standard_normal(),
            "movement": values[5] * rng.uniform(0.9, 1.1),
            "seconds": values[6],
            "seed": seed,
        }
        for name, values in methods.items()
        for seed in range(seeds)
    )


def noise(seeds=3) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    rows = []
    for seed in range(seeds):
        for epoch in EPOCHS:
            learnt = np.clip(epoch / 18 + 0.02 * rng.standard_normal(), 0, 1)
            rows.append(
                {
                    "epoch": epoch,
                    "seed": seed,
                    "says_noisy": learnt,
                    "says_true": 0.9 * (1 - learnt),
                    "shows_noisy": 0.8 * learnt,
                    "shows_true": 0.9 * (1 - 0.8 * learnt),
                    "ppr_clean": 0.95,
                    "ppr_noisy": 0.7 + 0.1 * learnt,
                    "shows_memorised": 0.6 if epoch > 1 else np.nan,
                }
            )
    return pd.DataFrame(rows)


def active(seeds=3) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    values = {
        "random": (0.1, 0.12, 1.1, 2.5, 0.91),
        "least confidence": (0.7, 0.85, 0.2, 2.9, 0.94),
        "coreset": (0.2, 0.2, 0.9, 1.6, 0.925),
    }
    columns = ("white", "unsure", "boundary_distance", "cover", "test")
    return pd.DataFrame(
        {
            "seed": seed,
            "method": name,
            **dict(zip(columns, row * rng.normal(1, 0.01, 5), strict=True)),
        }
        for name, row in values.items()
        for seed in range(seeds)
    )


def adversarial(seeds=3) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "epoch": epoch,
            "seed": seed,
            "clean_accuracy": 0.97 - 0.002 * epoch + 0.01 * rng.standard_normal(),
            "adversarial_accuracy": 0.1 + 0.04 * epoch,
            "displacement": 1.6 - 0.07 * epoch + 0.05 * rng.standard_normal(),
            "in_true_region": 0.15 + 0.04 * epoch,
        }
        for epoch in EPOCHS
        for seed in range(seeds)
    )
