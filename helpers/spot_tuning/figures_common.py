"""What the chapter's figures share: colours of machines, ratios, intervals, labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from helpers.figure_parts import error_bar
from helpers.style import PALETTE

# One colour per type within the paper's menu and within that of the public traces
# (second line). The shades of r4 and of m4 grow with the machine.
TYPE_COLOURS = {
    "r4.large": PALETTE["sky"],
    "r4.xlarge": PALETTE["blue"],
    "r3.xlarge": PALETTE["green"],
    "m4.2xlarge": PALETTE["yellow"],
    "r4.2xlarge": "#08306B",
    "m4.4xlarge": PALETTE["purple"],
    "m3.medium": PALETTE["sky"],
    "m3.large": PALETTE["blue"],
    "r3.large": PALETTE["green"],
    "d2.xlarge": PALETTE["yellow"],
    "m4.10xlarge": "#08306B",
}


def ratio_interval(
    values: Sequence[float] | np.ndarray | pd.Series,
) -> tuple[float, float, float]:
    """Geometric mean of ratios and the ends of its 95 % interval."""
    mean, half = error_bar(np.log(np.asarray(values, dtype=float)))
    return (
        float(np.exp(mean)),
        float(np.exp(mean - half)),
        float(np.exp(mean + half)),
    )
