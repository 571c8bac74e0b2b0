"""Ratios within a job: against brute force, and broken comparisons are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from helpers.spot_tuning.paired_ratios import ratio_per_repetition, relative
from tests.spot_tuning import figure_frames as frames


def test_relative_divides_by_the_same_job():
    frame = frames.policies()
    ratios = relative(frame, "cost", "Cheapest", ("workload", "repetition"))
    for row, ratio in zip(frame.itertuples(), ratios, strict=True):
        same = (frame["workload"] == row.workload) & (
            frame["repetition"] == row.repetition
        )
        base = frame.loc[same & (frame["policy"] == "Cheapest"), "cost"].item()
        assert ratio == pytest.approx(row.cost / base)
    with pytest.raises(ValueError, match="did you mean 'Cheapest'"):
        relative(frame, "cost", "Chepest", ("workload", "repetition"))
    for broken in (frame.drop(frame.index[0]), pd.concat([frame, frame.head(1)])):
        with pytest.raises(ValueError, match="one row of 'Cheapest'"):
            relative(broken, "cost", "Cheapest", ("workload", "repetition"))


def test_one_ratio_per_repetition():
    frame = frames.policies()
    found = ratio_per_repetition(frame, "cost", "SpotTune", "Fastest")
    table = frame.pivot(
        index=["workload", "repetition"], columns="policy", values="cost"
    )
    logs = np.log(table["SpotTune"] / table["Fastest"]).unstack("repetition")
    assert found == pytest.approx(np.exp(logs.mean(axis=0)))
