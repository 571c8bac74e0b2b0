"""Checks of notebook 02's exercises; each raises AssertionError with a hint."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from helpers.spot_tuning.billing import REGIMES, charge
from helpers.spot_tuning.prices import MINUTE, Market, PriceTrace
from helpers.spot_tuning.provisioning import expected_step_cost
from helpers.spot_tuning.revocation_calibration import correct_odds


def check_bill(attempt: Callable[[np.ndarray, int, int, bool], float]) -> None:
    """``attempt(prices, launched, ended, interrupted)`` -> USD to pay, in minutes."""
    rng = np.random.default_rng(0)
    prices = rng.uniform(0.02, 0.2, 300)
    market = Market([PriceTrace("r4.large", prices)])
    for launched, age in ((0, 30), (10, 59), (10, 60), (5, 61), (40, 200), (7, 0)):
        for interrupted in (False, True):
            expected = charge(
                REGIMES["first-hour-refund"],
                market,
                trial="t0",
                instance_type="r4.large",
                launched=launched * MINUTE,
                ended=(launched + age) * MINUTE,
                interrupted=interrupted,
            )
            ended = launched + age
            found = float(attempt(prices.copy(), launched, ended, interrupted))
            who = "the provider" if interrupted else "you"
            assert math.isclose(found, expected.net / 1e6, abs_tol=2e-6), (
                f"{age} minutes, ended by {who}: {expected.net / 1e6:.6f} USD, got "
                f"{found:.6f}. Prices are per hour, one a minute; free only if the "
                "provider ends a machine younger than 60 minutes"
            )


def check_cost(
    attempt: Callable[[float, float, float, float], float],
) -> None:
    """``attempt(seconds, mean_price, p, overhead)`` -> USD per step, useful time."""
    for seconds in (5.0, 60.0):
        for p in (0.0, 0.3, 0.9, 1.0):
            for overhead in (0.0, 180.0, 900.0):
                expected = expected_step_cost(seconds, 0.2, p, "useful-time", overhead)
                found = float(attempt(seconds, 0.2, p, overhead))
                assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-12), (
                    f"M={seconds:g} s, p={p:g}, o={overhead:g} s: {expected:.3g} USD, "
                    f"got {found:.3g}. Divide the hour's expected cost by the steps "
                    "that fit into U"
                )


def check_lost(attempt: Callable[[np.ndarray, float], float]) -> None:
    """``attempt(prices, delta)`` -> share of start minutes lost within 60 minutes."""
    rng = np.random.default_rng(1)
    for length in (61, 90, 400):
        prices = np.exp(0.05 * rng.standard_normal(length).cumsum())
        for delta in (1e-5, 0.05, 0.5):
            lost = [
                prices[m + 1 : m + 61].max() > prices[m] + delta
                for m in range(length - 60)
            ]
            found = float(attempt(prices.copy(), delta))
            assert math.isclose(found, float(np.mean(lost)), abs_tol=1e-9), (
                f"{length} minutes, delta {delta:g}: {np.mean(lost):.4f}, got "
                f"{found:.4f}. Start m counts if its 60 following minutes are known, "
                "and is lost if one of them exceeds prices[m] + delta"
            )


def check_odds(attempt: Callable[[float, float, float], float]) -> None:
    """``attempt(q, training_prior, true_prior)`` -> corrected probability."""
    for q in (0.05, 0.5, 0.93):
        for training, true in ((0.5, 0.5), (0.5, 0.02), (0.3, 0.6)):
            expected = float(correct_odds(np.array([q]), training, true)[0])
            found = float(attempt(q, training, true))
            assert math.isclose(found, expected, abs_tol=1e-9), (
                f"q={q:g}, priors {training:g} -> {true:g}: {expected:.4f}, got "
                f"{found:.4f}. Multiply the odds q/(1-q) by the ratio of prior odds"
            )
