"""RevPred for the policy: the past is read once per minute, in batches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from scipy.special import expit, logit

from helpers.names import unknown_name
from helpers.spot_tuning.prices import Market, MarketView, TraceError
from helpers.spot_tuning.revocation_calibration import FEWEST, odds_offset
from helpers.spot_tuning.revocation_deltas import DeltaRule
from helpers.spot_tuning.revocation_features import (
    DAY,
    HISTORY,
    HORIZON,
    WINDOW,
    features,
    highest_ahead,
)
from helpers.spot_tuning.revocation_models import SplitLSTM
from helpers.spot_tuning.revocation_scale import InputScale
from helpers.spot_tuning.revocation_training import LSTMClassifier
from helpers.torch_threads import single_thread

EVERY = 30  # minutes between the requests that a day's correction rests on
CHUNK = 720  # minutes whose past the LSTM reads in one go


class LSTMPredictor:
    """Answers of trained split networks; one market, one network per instance type.

    The LSTM does not see the max price, so what it makes of the past of a minute is
    worked out once, for :data:`CHUNK` minutes at a time, when first asked for. Each
    minute's answer depends on that minute and the 119 before it only. A request then
    costs the dense layers, in numpy.

    Parameters
    ----------
    market : Market
        The market whose views will be shown; a view of other prices is refused.
    models : mapping of str to LSTMClassifier
        Per instance type, trained, architecture "split".
    rule : DeltaRule, optional
        With the rule that requests follow, the odds are corrected once a day (ours):
        multiplied by exp(b), b the `odds_offset` of requests every half hour of the
        last ``days`` days whose hour was over before the day began.
    days : int
        See ``rule``.

    Raises
    ------
    ValueError
        If a model is of the other architecture, or is for a type not in the market.
    """

    def __init__(
        self,
        market: Market,
        models: Mapping[str, LSTMClassifier],
        rule: DeltaRule | None = None,
        days: int = 7,
    ) -> None:
        if days < 1:
            raise ValueError(f"days is {days}; allowed: 1 or more")
        self._rule, self._days = rule, days
        self._start = market.start
        self._readers: dict[str, _Reader] = {}
        for name, model in models.items():
            prices = market.prices(name)
            if not isinstance(model.network, SplitLSTM):
                raise ValueError(
                    f"{name}: architecture {model.architecture!r} reads the max price "
                    "with every record; allowed here: 'split'"
                )
            table = model.scale.records(features(prices, market.start))
            # the network was trained at equal odds; only the prior's are missing
            offset = float(logit(model.prior))
            self._readers[name] = _Reader(
                prices, table, model.network, model.scale, offset
            )

    def prepare(self, minutes: np.ndarray) -> None:
        """Read the past of these minutes in one go: quicker if they lie far apart."""
        for reader in self._readers.values():
            reader.read(minutes)

    def probability(
        self, market: MarketView, instance_type: str, max_price: float
    ) -> float:
        """P(price exceeds ``max_price`` within the hour).

        Raises
        ------
        ValueError
            If there is no model for the type, or the view is of another market.
        TraceError
            If the view has fewer than 120 prices.
        """
        if instance_type not in self._readers:
            raise unknown_name("model", instance_type, list(self._readers))
        reader = self._readers[instance_type]
        minute, price = market.minute, market.price(instance_type)
        if market.start != self._start or reader.prices[minute] != price:
            raise ValueError(
                f"{instance_type}: the view is of another market than this "
                "predictor's; build one per market"
            )
        if minute < HISTORY:
            raise TraceError(
                f"{instance_type}: {minute + 1} past minutes; the LSTM needs at least "
                f"{HISTORY + 1}, start later"
            )
        logits = reader.logit(minute, max_price - price)
        if self._rule is not None:
            logits += reader.day_offset(minute // DAY, self._rule, self._days)
        return float(expit(logits))


class _Reader:
    """One type: prices, scaled features, the network in two parts, what was read."""

    def __init__(
        self,
        prices: np.ndarray,
        table: np.ndarray,
        network: SplitLSTM,
        scale: InputScale,
        offset: float,
    ) -> None:
        self.prices, self.table = prices, table
        self.network, self.scale = network, scale
        self.past = np.full(len(prices), np.nan)  # what `read` has found so far
        self.day_offsets: dict[int, float] = {}
        numbers = {k: v.numpy() for k, v in network.state_dict().items()}
        self.layers = [
            (numbers[f"dense.{i}.weight"], numbers[f"dense.{i}.bias"])
            for i in range(len(network.dense))
        ]
        self.past_weights, self.dense_weights = np.split(numbers["out.weight"][0], 2)
        self.offset = numbers["out.bias"][0] + offset

    def logit(self, minute: int, delta: float) -> float:
        """Log odds of a revocation for one request."""
        if np.isnan(self.past[minute]):
            first = minute - minute % CHUNK
            self.read(np.arange(first, min(first + CHUNK, len(self.past))))
        x = np.append(self.table[minute], self.scale.deltas(np.array([delta])))
        for weight, bias in self.layers:
            x = np.maximum(weight @ x + bias, 0)
        return float(self.past[minute] + self.dense_weights @ x + self.offset)

    def day_offset(self, day: int, rule: DeltaRule, days: int) -> float:
        """What the last ``days`` days before that day add to the logit."""
        if day not in self.day_offsets:
            last = day * DAY - HORIZON
            minutes = np.arange(max(HISTORY, last - days * DAY + 1), last + 1, EVERY)
            deltas = rule.draw(self.prices, minutes, np.random.default_rng(day))
            highest = highest_ahead(self.prices[: day * DAY + 1])
            requests = zip(minutes.tolist(), deltas.tolist(), strict=True)
            known = [self.logit(minute, delta) for minute, delta in requests]
            self.day_offsets[day] = (
                odds_offset(
                    expit(known), highest[minutes] > self.prices[minutes] + deltas
                )
                if len(minutes) >= FEWEST
                else 0.0
            )
        return self.day_offsets[day]

    def read(self, minutes: np.ndarray) -> None:
        """Work out what the past adds to the logit at these minutes."""
        # minutes before HISTORY are refused; any record keeps their rows in place
        rows = np.maximum(minutes[:, None] + np.arange(1 - WINDOW, 0), 0)
        with single_thread(), torch.no_grad():
            embedding = self.network.embed(torch.from_numpy(self.table[rows]))
        self.past[minutes] = embedding.numpy() @ self.past_weights
