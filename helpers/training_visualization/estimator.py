"""DVI: one map per checkpoint, each with an inverse, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from helpers.processor_time import ProcessorTime
from helpers.progress import progress_bar
from helpers.training_visualization import checks, saving
from helpers.training_visualization.attention import attention
from helpers.training_visualization.batches import Batches
from helpers.training_visualization.canvas import Canvas, Extent, extent_of
from helpers.training_visualization.checkpoint_map import (
    CheckpointMap,
    boundary_points,
    new_network,
    root_mean_square,
)
from helpers.training_visualization.complex import EdgeSampling, spatial_complex
from helpers.training_visualization.fitting import FitSettings, fit_checkpoint
from helpers.training_visualization.heads import Head, frozen
from helpers.training_visualization.metrics import preserving_rate
from helpers.training_visualization.projection import Projection, project_maps
from helpers.training_visualization.trace import Trace


class DVI(BaseEstimator):  # type: ignore[misc]
    """DeepVisualInsight: maps of a classifier's representations through its training.

    Parameters
    ----------
    n_neighbors : int
        Of the complex, the point itself included (15 in the paper's code).
    hidden : tuple of int
        Hidden layers of the encoder, mirrored in the decoder.
    boundary : float
        Boundary samples as a share of the training samples, 0 for none. They are made
        by mixing representations where ``fit`` is not given better ones.
    attention : float or None
        Temperature of the reconstruction's attention, None for none.
    transfer : bool
        Each checkpoint starts from the network of the one before. Otherwise there is no
        temporal loss either, and every checkpoint takes ``first_steps``.
    recon_weight, temporal_weight : float
        lambda1 and lambda2 (1 and 0.3 in the released code; ours suit features of
        scale one and a small network, whose weights the temporal loss sums over).
    scale : bool
        Divide each checkpoint's features by their root mean square (ours: the first
        epochs' features are so small that reconstruction would not count).
    edge_sampling : {"weight", "as_released"}
        See `complex.Edges.chances`.
    first_steps, steps : int
        Training steps at a network's first checkpoint and at every later one.
    batch_size : int
        Points per step.
    negatives : int
        Negatives per edge.
    learning_rate : float
        Peak of Adam's rate.
    random_state : int
        Of weights, batches and mixed boundary samples.
    device : str
        Torch device of the fit; everything is kept on the processor.
    verbose : bool
        Show a progress bar.

    Attributes
    ----------
    epochs_ : list of int
        The checkpoints' labels, ascending.
    n_features_in_ : int
    n_samples_ : int
    boundary_ : list of np.ndarray
        Representations (b, features) of each checkpoint's boundary points.
    places_, boundary_places_ : list of np.ndarray
        Maps (n, 2) and (b, 2) of the training and boundary points.
    rates_ : list of np.ndarray
        Neighbour-preserving rate (n,) of every transition.
    losses_ : list of np.ndarray
        See `fitting.fit_checkpoint`.
    fit_seconds_ : list of float
        Processor time of each checkpoint, without what numba compiles.

    Examples
    --------
    >>> from helpers.training_visualization.heads import LinearHead
    >>> rng = np.random.default_rng(0)
    >>> head = LinearHead(np.eye(3, 8, dtype=np.float32), np.zeros(3, np.float32))
    >>> epochs = [rng.normal(size=(60, 8)).astype(np.float32) for _ in range(2)]
    >>> dvi = DVI(steps=20, first_steps=20).fit(epochs, head=head)
    >>> dvi.transform(epochs[1], epoch=1).shape
    (60, 2)
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        hidden: tuple[int, ...] = (128, 128, 128),
        boundary: float = 0.1,
        attention: float | None = 0.01,
        transfer: bool = True,
        recon_weight: float = 5.0,
        temporal_weight: float = 0.01,
        scale: bool = True,
        edge_sampling: EdgeSampling = "weight",
        first_steps: int = 2500,
        steps: int = 1200,
        batch_size: int = 192,
        negatives: int = 5,
        learning_rate: float = 5e-3,
        random_state: int = 0,
        device: str = "cpu",
        verbose: bool = False,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.hidden = hidden
        self.boundary = boundary
        self.attention = attention
        self.transfer = transfer
        self.recon_weight = recon_weight
        self.temporal_weight = temporal_weight
        self.scale = scale
        self.edge_sampling = edge_sampling
        self.first_steps = first_steps
        self.steps = steps
        self.batch_size = batch_size
        self.negatives = negatives
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.device = device
        self.verbose = verbose

    def fit(
        self,
        X: Sequence[np.ndarray] | np.ndarray,
        y: None = None,
        *,
        head: Head | Sequence[Head] | None = None,
        boundary: Sequence[np.ndarray] | None = None,
        epochs: Sequence[int] | None = None,
    ) -> Self:
        """Fit one map per checkpoint, in order.

        Parameters
        ----------
        X : sequence of np.ndarray
            Representations (n, features) per checkpoint, the same samples in the same
            order.
        y : None
            Ignored.
        head : callable or sequence of callable
            Representations to logits, one for all or one per checkpoint; see `heads`.
            Needed for boundary samples, attention and canvases.
        boundary : sequence of np.ndarray, optional
            Representations of boundary samples per checkpoint, see `Recorder`.
        epochs : sequence of int, optional
            The checkpoints' labels; 0, 1, ... by default.

        Raises
        ------
        ValueError
            If a parameter is out of range; if checkpoints disagree in shape, are not
            finite or have fewer than three samples; if a head is needed and missing.
        """
        checks.check_parameters(self)
        traces = checks.checkpoints(X)
        labels = checks.labels(epochs, len(traces))
        heads = checks.per_checkpoint(head, len(traces), "head")
        edges = checks.per_checkpoint(boundary, len(traces), "boundary", shared=False)
        self._start()
        steps = zip(labels, traces, heads, edges, strict=True)
        for epoch, x, one, points in progress_bar(
            steps, total=len(traces), desc="maps", disable=not self.verbose
        ):
            self.partial_fit(x, epoch=epoch, head=one, boundary=points)
        return self

    def fit_trace(self, trace: Trace) -> Self:
        """`fit` with everything that a trace holds."""
        return self.fit(
            trace.train,
            head=list(trace.heads),
            boundary=list(trace.boundary) if trace.boundary else None,
            epochs=trace.epochs,
        )

    def partial_fit(
        self,
        X: np.ndarray,
        y: None = None,
        *,
        epoch: int,
        head: Head | None = None,
        boundary: np.ndarray | None = None,
    ) -> Self:
        """Add the next checkpoint: watch a training while it runs.

        Parameters and errors are those of :meth:`fit`, for one checkpoint; the epoch
        has to come after the last one.
        """
        checks.check_parameters(self)
        if not hasattr(self, "epochs_"):
            self._start()
        x = checks.checkpoint(X, epoch, self)
        head = None if head is None else frozen(head)
        if head is None and (self.attention is not None or self.boundary > 0):
            raise ValueError(
                "boundary samples and attention need the classifier's head: pass "
                "head=, or set boundary=0 and attention=None"
            )
        with ProcessorTime() as watch:
            self._fit_checkpoint(x, epoch, head, boundary)
        self.fit_seconds_.append(watch.seconds)
        return self

    def _fit_checkpoint(
        self, x: np.ndarray, epoch: int, head: Head | None, boundary: np.ndarray | None
    ) -> None:
        """Fit the network of one checkpoint and note all that is known of it."""
        seed = self.random_state + epoch
        edge = boundary_points(x, head, boundary, self.boundary, seed)
        points = np.concatenate([x, edge])
        scale = root_mean_square(x) if self.scale else 1.0
        rates = None
        if self.epochs_:
            k = min(self.n_neighbors, len(x) - 1)
            rates = preserving_rate(self._last_x, x, k)
        focus = None
        if self.attention is not None and head is not None:
            focus = attention(head, points, self.attention)
        first = not (self.epochs_ and self.transfer)
        before = None if first else self._maps[-1].network
        network = new_network(x.shape[1], self.hidden, self.random_state, before)
        batches = Batches(
            spatial_complex(x, edge, self.n_neighbors, self.random_state),
            len(points),
            self.batch_size,
            self.edge_sampling,
            seed=self.random_state + len(self.epochs_),
            device=self.device,
        )
        losses = fit_checkpoint(
            network.to(self.device),
            points / scale,
            batches,
            FitSettings(
                self.first_steps if first else self.steps,
                self.learning_rate,
                self.recon_weight,
                0.0 if first else self.temporal_weight,
                self.negatives,
            ),
            focus,
            None if rates is None else np.pad(rates, (0, len(edge))),
        )
        self.n_features_in_, self.n_samples_ = x.shape[1], len(x)
        self._last_x: np.ndarray = x
        self._maps.append(CheckpointMap(network.cpu().eval(), scale, head))
        self.epochs_.append(int(epoch))
        self.boundary_.append(edge)
        self.losses_.append(losses)
        if rates is not None:
            self.rates_.append(rates)
        self.places_.append(self._maps[-1].places(x))
        self.boundary_places_.append(self._maps[-1].places(edge))

    def transform(self, X: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """Places of representations on one checkpoint's map, shape (n, 2).

        ``epoch`` is one of ``epochs_``; the last one by default.
        """
        at = self._position(epoch)
        x = checks.rows(X, self.n_features_in_, type(self).__name__)
        return self._maps[at].places(x)

    def inverse_transform(self, Z: np.ndarray, epoch: int | None = None) -> np.ndarray:
        """Representations of places on one checkpoint's map, shape (n, features)."""
        at = self._position(epoch)
        z = checks.rows(Z, 2, type(self).__name__)
        return self._maps[at].representations(z)

    def decision_canvas(
        self,
        epoch: int | None = None,
        resolution: int = 160,
        extent: Extent | None = None,
    ) -> Canvas:
        """What the classifier says at every place of a map.

        Every cell's centre is projected back and classified by that checkpoint's head.
        ``extent`` is by default that of all maps together, so that canvases compare.
        """
        at = self._position(epoch)
        if extent is None:
            extent = extent_of(self.places_ + self.boundary_places_)
        return self._maps[at].canvas(extent, resolution)

    def project(self, trace: Trace, name: str = "DVI") -> Projection:
        """All places and inverse projections of a trace, for `projection.evaluate`."""
        return project_maps(self, trace, name)

    def save(self, path: str | Path) -> None:
        """Write everything fitted to one file, without pickle; see `saving`."""
        self._position(None)
        saving.save(self, path)

    @classmethod
    def load(
        cls, path: str | Path, *, head: Head | Sequence[Head] | None = None
    ) -> Self:
        """Read what :meth:`save` wrote; heads that are not linear are passed again."""
        return saving.load(cls, path, head)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """``dvi0`` and ``dvi1``."""
        return np.array([f"{type(self).__name__.lower()}{i}" for i in range(2)], object)

    def _start(self) -> None:
        self.epochs_: list[int] = []
        self.boundary_: list[np.ndarray] = []
        self.places_: list[np.ndarray] = []
        self.boundary_places_: list[np.ndarray] = []
        self.rates_: list[np.ndarray] = []
        self.losses_: list[np.ndarray] = []
        self.fit_seconds_: list[float] = []
        self._maps: list[CheckpointMap] = []

    def _position(self, epoch: int | None) -> int:
        if not getattr(self, "epochs_", None):
            raise NotFittedError(
                f"this {type(self).__name__} has no map yet; call fit or partial_fit"
            )
        if epoch is None:
            return len(self.epochs_) - 1
        if epoch not in self.epochs_:
            listed = ", ".join(map(str, self.epochs_))
            raise ValueError(f"no map of epoch {epoch}; there are: {listed}")
        return self.epochs_.index(epoch)
