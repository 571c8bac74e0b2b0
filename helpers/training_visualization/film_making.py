"""From a fitted model and a trace to a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from helpers.training_visualization import metrics as properties
from helpers.training_visualization.canvas import Extent, extent_of
from helpers.training_visualization.film import CanvasLike, Film
from helpers.training_visualization.heads import softmax
from helpers.training_visualization.trace import Trace


class Model(Protocol):
    """What a film needs of a fitted model of the maps, such as `DVI`."""

    def transform(self, X: np.ndarray, epoch: int) -> np.ndarray: ...
    def inverse_transform(self, Z: np.ndarray, epoch: int) -> np.ndarray: ...
    def decision_canvas(
        self, epoch: int, resolution: int = ..., extent: Extent | None = ...
    ) -> CanvasLike: ...


def frame_metrics(
    model: Model, trace: Trace, frame: int, places: np.ndarray, k: int = 15
) -> dict[str, float]:
    """How far one frame can be trusted: the paper's properties on training samples.

    ``neighbours`` and ``boundary`` count of k (left out where there are too few
    points), ``PPR`` and ``accuracy`` are shares.
    """
    epoch, high = trace.epochs[frame], trace.train[frame]
    found: dict[str, float] = {}
    if len(high) > k:
        found["neighbours"] = properties.neighbor_preservation(high, places, k)
    if trace.boundary and len(trace.boundary[frame]) >= k:
        edge = trace.boundary[frame]
        found["boundary"] = properties.boundary_preservation(
            high, places, edge, model.transform(edge, epoch), k
        )
    back = model.inverse_transform(places, epoch)
    inverse = properties.inverse_projection(high, back, trace.heads[frame])
    found["PPR"] = float(inverse["ppr"])  # type: ignore[arg-type]
    found["accuracy"] = float(trace.accuracy()[frame])
    return found


def make_film(
    model: Model,
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
    """Maps, regions and predictions of every epoch of a trace.

    Parameters
    ----------
    model : Model
        Fitted on the trace's epochs.
    images, test_images : np.ndarray, optional
        Of the training and the test samples, uint8 (·, h, w) or (·, h, w, 3).
    noisy : np.ndarray, optional
        Shape (n,): which training labels are wrong. No test label counts as noisy.
    neighbours : int
        Neighbours in feature space kept per sample and epoch; 0 for none.
    resolution : int
        Places per side at which the regions are computed.
    metrics : sequence of mapping, optional
        One per epoch; computed by `frame_metrics` if not given.

    Raises
    ------
    ValueError
        If images are given for only one kind of sample, or a length is wrong.
    """
    tested = bool(trace.test.size)
    if images is not None and tested and test_images is None:
        raise ValueError("images are given, but no test_images; give both or neither")
    if test_images is not None and (images is None or not tested):
        raise ValueError("test_images need images and a trace with test samples")
    train = np.stack(
        [model.transform(x, e) for x, e in zip(trace.train, trace.epochs, strict=True)]
    )
    high, scores, labels = trace.train, trace.train_scores, trace.y
    test, places = np.zeros((0, 0, 2)), train
    if tested:
        test = np.stack(
            [
                model.transform(x, e)
                for x, e in zip(trace.test, trace.epochs, strict=True)
            ]
        )
        places = np.concatenate([train, test], axis=1)
        high = np.concatenate([high, trace.test], axis=1)
        scores = np.concatenate([scores, trace.test_scores], axis=1)
        labels = np.concatenate([labels, trace.y_test])
        if images is not None and test_images is not None:
            images = np.concatenate([images, test_images])
    if noisy is not None:
        if len(noisy) != len(trace.y):
            raise ValueError(f"{len(noisy)} noisy flags for {len(trace.y)} samples")
        noisy = np.pad(np.asarray(noisy, bool), (0, len(labels) - len(noisy)))
    extent = extent_of(list(places))
    kept = min(neighbours, len(labels) - 1)
    if metrics is None:
        metrics = [frame_metrics(model, trace, t, train[t]) for t in range(len(trace))]
    return Film(
        epochs=trace.epochs,
        train_places=train,
        test_places=test,
        labels=labels,
        predictions=scores.argmax(axis=2),
        confidence=np.stack([softmax(s).max(axis=1) for s in scores]),
        canvases=[model.decision_canvas(e, resolution, extent) for e in trace.epochs],
        images=images,
        noisy=noisy,
        neighbours=np.stack([properties.nearest(x, None, kept) for x in high])
        if kept > 0
        else None,
        class_names=class_names,
        metrics=metrics,
    )
