"""Training of the two LSTM predictors: balanced loss, then odds corrected back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy.special import expit
from torch.nn.functional import binary_cross_entropy_with_logits

from helpers.names import unknown_name
from helpers.seeding import torch_seeded
from helpers.spot_tuning.revocation_calibration import correct_odds
from helpers.spot_tuning.revocation_models import (
    NETWORKS,
    Architecture,
    JointLSTM,
    SplitLSTM,
)
from helpers.spot_tuning.revocation_samples import Samples
from helpers.spot_tuning.revocation_scale import InputScale
from helpers.torch_threads import single_thread

BALANCED = 0.5  # share of revoked requests that the weighted loss pretends


@dataclass(frozen=True)
class TrainingSettings:
    """How a network is trained; all values ours, chosen to be cheap.

    Attributes
    ----------
    hidden : int
        Width of every layer.
    epochs : int
        Passes over the samples. One is enough where each minute occurs several
        times, with different deltas.
    batch : int
        Samples per step of Adam.
    learning_rate : float
        Its peak: it rises over the first tenth of the steps, then falls as a cosine.

    Raises
    ------
    ValueError
        If a value is not positive.
    """

    hidden: int = 16
    epochs: int = 1
    batch: int = 32
    learning_rate: float = 5e-3

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"{name} is {value}; allowed: above 0")


class LSTMClassifier:
    """One of the two networks with its scaling, training and odds correction.

    Minimises binary cross-entropy with weights that give revoked and kept requests
    the same total; `predict_proba` corrects the odds back (see `correct_odds`).
    Adam, gradient norm clipped at 1. The same seed and samples give the same network
    on one machine.

    Parameters
    ----------
    architecture : {"split", "joint"}
        RevPred or the Tributary-like network.
    seed : int
        Of the first weights and the order of the samples.
    settings : TrainingSettings, optional

    Attributes
    ----------
    network : SplitLSTM or JointLSTM
    scale : InputScale
    prior : float
        Share of revoked requests that the probabilities are for.

    Raises
    ------
    ValueError
        If there is no such architecture.
    """

    network: SplitLSTM | JointLSTM
    scale: InputScale
    prior: float

    def __init__(
        self,
        architecture: Architecture = "split",
        seed: int = 0,
        settings: TrainingSettings | None = None,
    ) -> None:
        if architecture not in NETWORKS:
            raise unknown_name("architecture", architecture, list(NETWORKS))
        self.architecture = architecture
        self.seed = seed
        self.settings = settings or TrainingSettings()

    def fit(self, samples: Samples, prior: float | None = None) -> Self:
        """Train; ``prior`` is that of the requests to predict, if they differ.

        Raises
        ------
        TraceError
            If all training requests ended alike.
        """
        samples.require_both()
        self.prior = samples.prior if prior is None else prior
        self.scale = InputScale.fit(samples.features[samples.minutes], samples.deltas)
        with single_thread(), torch_seeded(self.seed):
            self.network = NETWORKS[self.architecture](self.settings.hidden)
            self._train(samples)
        return self

    def _train(self, samples: Samples) -> None:
        chosen, n = self.settings, len(samples)
        parameters = list(self.network.parameters())
        optimizer = torch.optim.Adam(parameters, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=chosen.learning_rate,
            total_steps=chosen.epochs * -(-n // chosen.batch),
            pct_start=0.1,
            cycle_momentum=False,
        )
        records = self.scale.records(samples.features)
        deltas = torch.from_numpy(self.scale.deltas(samples.deltas))
        labels = torch.from_numpy(samples.labels.astype(np.float32))
        share = samples.prior
        weights = torch.where(labels > 0, BALANCED / share, BALANCED / (1 - share))
        rng = np.random.default_rng(self.seed)
        for _ in range(chosen.epochs):
            order = rng.permutation(n)
            for rows in np.split(order, range(chosen.batch, n, chosen.batch)):
                windows = torch.from_numpy(samples.windows(rows, records))
                loss = binary_cross_entropy_with_logits(
                    self.network(windows, deltas[rows]), labels[rows], weights[rows]
                )
                optimizer.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimizer.step()
                schedule.step()

    def logits(self, samples: Samples) -> np.ndarray:
        """What the network answers before the odds are corrected, shape (n,)."""
        records = self.scale.records(samples.features)
        deltas = torch.from_numpy(self.scale.deltas(samples.deltas))
        with single_thread(), torch.no_grad():
            parts = [
                self.network(
                    torch.from_numpy(samples.windows(rows, records)), deltas[rows]
                )
                for rows in samples.batches()
            ]
        return torch.cat(parts).double().numpy()

    def predict_proba(self, samples: Samples) -> np.ndarray:
        """P(revoked within the hour) of each sample, shape (n,)."""
        return correct_odds(expit(self.logits(samples)), BALANCED, self.prior)
