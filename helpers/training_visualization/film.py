"""Everything that a front end shows of a training: plain arrays, one entry an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from helpers.training_visualization.canvas import BAND

if TYPE_CHECKING:
    from helpers.training_visualization.trace import Trace

# Ten hues that differ with every common colour vision (Petroff 2021); further classes
# begin again, so class names are drawn on the map as well.
CLASS_COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6",
    "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip


class CanvasLike(Protocol):
    """Decision regions of one map.

    ``classes`` and ``margin`` have shape (res, res); row 0 lies at y0, column 0 at x0
    of ``extent`` (x0, x1, y0, y1).
    """

    @property
    def classes(self) -> np.ndarray: ...
    @property
    def margin(self) -> np.ndarray: ...
    @property
    def extent(self) -> tuple[float, float, float, float]: ...


def region_strength(margin: np.ndarray) -> np.ndarray:
    """How much of the class's colour a place gets, 0 (boundary) to 0.45.

    ``0.5 * 0.9 * d / max(d)``, and 0 where ``d < 0.15`` (released code).
    """
    most = float(np.max(margin, initial=0.0))
    if most < BAND:
        return np.zeros(np.shape(margin))
    return np.where(margin < BAND, 0.0, 0.45 * np.asarray(margin, float) / most)


@dataclass(frozen=True)
class Film:
    """A training's maps, and what the classifier said at each of them.

    Samples are numbered through: n training samples, then m test samples.

    Attributes
    ----------
    epochs : sequence of int
        Ascending labels of the T frames.
    train_places : np.ndarray
        Shape (T, n, 2).
    labels : np.ndarray
        Shape (n + m,), classes from 0; those trained on, so noisy ones as they are.
    predictions, confidence : np.ndarray
        Shape (T, n + m): predicted class and its probability.
    canvases : sequence of CanvasLike
        One per frame, all of one size and one extent.
    test_places : np.ndarray
        Shape (T, m, 2); empty without test samples.
    images : np.ndarray, optional
        Shape (n + m, h, w), or (n + m, h, w, 3), uint8.
    noisy : np.ndarray, optional
        Shape (n + m,), True where the label is known to be wrong.
    neighbours : np.ndarray, optional
        Shape (T, n + m, k): nearest samples among all in feature space, nearest first.
    class_names : sequence of str
        Numbers if empty.
    metrics : sequence of mapping
        One per frame, name to value; shown as that frame's visualisation confidence.

    Raises
    ------
    ValueError
        If lengths disagree or a value is outside its range; names the field.
    """

    epochs: Sequence[int]
    train_places: np.ndarray
    labels: np.ndarray
    predictions: np.ndarray
    confidence: np.ndarray
    canvases: Sequence[CanvasLike]
    test_places: np.ndarray = field(default_factory=lambda: np.zeros((0, 0, 2)))
    images: np.ndarray | None = None
    noisy: np.ndarray | None = None
    neighbours: np.ndarray | None = None
    class_names: Sequence[str] = ()
    metrics: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        t = len(self.epochs)
        if not t or np.any(np.diff(self.epochs) <= 0):
            raise ValueError(
                f"epochs are {list(self.epochs)}; allowed: ascending, at least 1"
            )
        n, m, k = self.train_count, self.test_count, self.neighbour_count
        want: dict[str, tuple[int, ...]] = {
            "train_places": (t, n, 2),
            "labels": (n + m,),
            "predictions": (t, n + m),
            "confidence": (t, n + m),
        }
        if m:
            want["test_places"] = (t, m, 2)
        if self.noisy is not None:
            want["noisy"] = (n + m,)
        if self.neighbours is not None:
            want["neighbours"] = (t, n + m, k)
        for name, shape in want.items():
            found = np.shape(getattr(self, name))
            if found != shape:
                raise ValueError(f"{name} has shape {found}; allowed: {shape}")
        if not 1 <= n + m <= 65_535:
            raise ValueError(f"{n + m} samples; allowed: 1 to 65535")
        for name, entries in (("canvases", self.canvases), ("metrics", self.metrics)):
            if len(entries) != t and (len(entries) or name == "canvases"):
                raise ValueError(f"{len(entries)} {name}, but {t} epochs")
        self._check_values()
        self._check_canvases()

    def _check_values(self) -> None:
        count, images = self.count, self.images
        if not np.isfinite(self.places).all():
            raise ValueError("places must be finite")
        confidence = np.asarray(self.confidence)
        if not ((confidence >= 0) & (confidence <= 1)).all():
            raise ValueError("confidence must be from 0 to 1")
        for name in ("labels", "predictions", "neighbours"):
            values = getattr(self, name)
            if values is None:
                continue
            most = count if name == "neighbours" else self.classes
            values = np.asarray(values)
            if values.dtype.kind not in "iu" or (values < 0).any():
                raise ValueError(f"{name} must be whole numbers from 0")
            if values.size and values.max() >= most:
                raise ValueError(
                    f"{name} hold {values.max()}; allowed: 0 to {most - 1}"
                )
        if images is not None and (
            images.dtype != np.uint8
            or len(images) != count
            or not (images.ndim == 3 or images.shape[3:] == (3,))
        ):
            raise ValueError(
                f"images are {images.dtype} of shape {images.shape}; "
                f"allowed: uint8 ({count}, h, w) or ({count}, h, w, 3)"
            )

    def _check_canvases(self) -> None:
        first = self.canvases[0]
        x0, x1, y0, y1 = first.extent
        if not (x0 < x1 and y0 < y1):
            raise ValueError(f"extent is {first.extent}; allowed: x0 < x1, y0 < y1")
        for epoch, canvas in zip(self.epochs, self.canvases, strict=True):
            shapes = {np.shape(canvas.classes), np.shape(canvas.margin)}
            if shapes != {np.shape(first.classes)} or np.ndim(first.classes) != 2:
                raise ValueError(f"the canvas of epoch {epoch} has another size")
            if not np.allclose(canvas.extent, first.extent):
                raise ValueError(
                    f"the canvas of epoch {epoch} has extent {canvas.extent}, "
                    f"the first {first.extent}; allowed: one for all epochs"
                )
            margin, classes = np.asarray(canvas.margin), np.asarray(canvas.classes)
            if not ((margin >= 0) & (margin <= 1)).all():
                raise ValueError(f"margins of epoch {epoch} must be from 0 to 1")
            if classes.min() < 0 or classes.max() >= self.classes:
                raise ValueError(
                    f"the canvas of epoch {epoch} shows classes {classes.min()} to "
                    f"{classes.max()}; allowed: 0 to {self.classes - 1}"
                )

    @property
    def train_count(self) -> int:
        return int(np.shape(self.train_places)[1]) if np.ndim(self.train_places) else 0

    @property
    def test_count(self) -> int:
        return int(np.shape(self.test_places)[1]) if np.size(self.test_places) else 0

    def check_shown(self, frame: int, selected: int) -> None:
        """ValueError unless there is such a frame, and such a sample (-1 is none)."""
        for name, value, most in (
            ("frame", frame, len(self.epochs)),
            ("selected", selected, self.count),
        ):
            if value >= most:
                raise ValueError(f"{name} is {value}; allowed: up to {most - 1}")

    @property
    def count(self) -> int:
        """Samples of both kinds."""
        return self.train_count + self.test_count

    @property
    def neighbour_count(self) -> int:
        return 0 if self.neighbours is None else int(np.shape(self.neighbours)[-1])

    @property
    def classes(self) -> int:
        """Number of classes: of the names, else one more than the highest seen."""
        if self.class_names:
            return len(self.class_names)
        seen = [self.labels, self.predictions, *(c.classes for c in self.canvases)]
        return 1 + max(int(np.max(values)) for values in seen)

    @property
    def names(self) -> list[str]:
        return list(self.class_names) or [str(c) for c in range(self.classes)]

    @property
    def places(self) -> np.ndarray:
        """Of all samples, shape (T, n + m, 2)."""
        if not self.test_count:
            return np.asarray(self.train_places)
        return np.concatenate([self.train_places, self.test_places], axis=1)

    def confidence_line(self, frame: int) -> str:
        """That frame's metrics in words, such as ``neighbours 7.1 · PPR 0.95``."""
        if not self.metrics:
            return ""
        return " · ".join(
            f"{name} {_number(value)}" for name, value in self.metrics[frame].items()
        )

    @classmethod
    def from_model(
        cls,
        model: Any,
        trace: Trace,
        *,
        images: np.ndarray | None = None,
        test_images: np.ndarray | None = None,
        noisy: np.ndarray | None = None,
        neighbours: int = 8,
        resolution: int = 160,
        class_names: Sequence[str] = (),
        metrics: Sequence[Mapping[str, Any]] | None = None,
    ) -> Film:
        """Film of a fitted model; see `film_making.make_film`."""
        from helpers.training_visualization.film_making import make_film

        return make_film(
            model,
            trace,
            images=images,
            test_images=test_images,
            noisy=noisy,
            neighbours=neighbours,
            resolution=resolution,
            class_names=class_names,
            metrics=metrics,
        )


def _number(value: Any) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "–"
    if isinstance(value, (int, np.integer)):
        return str(value)
    return f"{value:.2f}" if isinstance(value, (float, np.floating)) else str(value)
