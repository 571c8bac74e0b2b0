"""Films to test with: classes that part in the plane while a head learns them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.training_visualization.film import Film
from helpers.training_visualization.metrics import nearest


@dataclass(frozen=True)
class Regions:
    """Stands in for `canvas.Canvas`."""

    classes: np.ndarray
    margin: np.ndarray
    extent: tuple[float, float, float, float]


def regions(
    centres: np.ndarray, resolution: int, extent: tuple[float, float, float, float]
) -> Regions:
    """Nearest centre wins; the margin is how much nearer it is than the second."""
    x0, x1, y0, y1 = extent
    x = np.linspace(x0, x1, resolution)
    y = np.linspace(y0, y1, resolution)
    far = np.hypot(x[None, :, None] - centres[:, 0], y[:, None, None] - centres[:, 1])
    near = np.sort(far, axis=2)
    second = near[..., min(1, len(centres) - 1)]
    margin = 2 * (second - near[..., 0]) / (near[..., -1] - near[..., 0] + 1e-9)
    return Regions(far.argmin(axis=2), np.clip(margin, 0, 1), extent)


def sample_film(
    train: int = 60,
    test: int = 20,
    frames: int = 3,
    *,
    classes: int = 10,
    side: int = 6,
    resolution: int = 12,
    near: int = 4,
    seed: int = 0,
    **changes: Any,
) -> Film:
    """Random but plausible: points move to their class's place on a circle."""
    rng = np.random.default_rng(seed)
    count = train + test
    labels = rng.integers(0, classes, count)
    angle = 2 * np.pi * np.arange(classes) / classes
    ring = 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    grown = np.linspace(0.15, 1, frames)
    centres = grown[:, None, None] * ring + rng.normal(0, 0.4, (frames, classes, 2))
    scatter = np.cumsum(rng.normal(0, 0.35, (frames, count, 2)), axis=0)
    places = centres[:, labels] + scatter + rng.normal(0, 1.1, (count, 2))
    far = np.linalg.norm(places[:, :, None] - centres[:, None], axis=3)
    weights = np.exp(-far)
    shares = weights / weights.sum(axis=2, keepdims=True)
    noisy = np.zeros(count, bool)
    noisy[: train // 10] = True
    labels = np.where(noisy, (labels + 1) % classes, labels)
    extent = (-16.0, 16.0, -16.0, 16.0)
    fields: dict[str, Any] = {
        "epochs": [1 + 2 * t for t in range(frames)],
        "train_places": places[:, :train],
        "test_places": places[:, train:],
        "labels": labels,
        "predictions": shares.argmax(axis=2),
        "confidence": shares.max(axis=2),
        "canvases": [regions(c, resolution, extent) for c in centres],
        "images": rng.integers(0, 256, (count, side, side), dtype=np.uint8),
        "noisy": noisy,
        # Of the map: as good as any for a test.
        "neighbours": np.stack([nearest(z, None, near) for z in places]),
        "metrics": [
            {"neighbours": 6.5 + t, "boundary": np.nan, "PPR": 0.9, "accuracy": 0.5}
            for t in range(frames)
        ],
    }
    return Film(**{**fields, **changes})
