"""Two recurrent networks that predict a revocation: split input and joint input.

Layer counts and the split are recalled of the paper, not verified; layer sizes are
ours. Both networks get the same records and deltas, scaled by `InputScale`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import nn

from helpers.spot_tuning.revocation_features import FEATURES

Architecture = Literal["split", "joint"]
LAYERS = 3


class SplitLSTM(nn.Module):
    """RevPred: the past through an LSTM, the present and max price through a stack.

    ``logit = w . [LSTM3(past), MLP3(present, delta)] + b``. The 59 past records go
    through a three-layer LSTM, of which the last hidden state is kept; the present
    record and the delta through three dense layers; both are joined for one logistic
    unit.

    Parameters
    ----------
    hidden : int
        Width of every layer.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(len(FEATURES), hidden, LAYERS, batch_first=True)
        widths = [len(FEATURES) + 1, *[hidden] * LAYERS]
        self.dense = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.out = nn.Linear(2 * hidden, 1)

    def embed(self, past: torch.Tensor) -> torch.Tensor:
        """Past records (n, 59, 6) to (n, hidden); free of the max price."""
        return self.lstm(past)[0][:, -1]

    def forward(self, records: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
        """Logits (n,) of scaled records (n, 60, 6) and scaled deltas (n,)."""
        x = torch.cat([records[:, -1], delta[:, None]], dim=1)
        for layer in self.dense:
            x = torch.relu(layer(x))
        joined = torch.cat([self.embed(records[:, :-1]), x], dim=1)
        return self.out(joined)[:, 0]


class JointLSTM(nn.Module):
    """In the manner of Tributary (USENIX ATC 2018): one LSTM sees everything.

    ``logit = w . LSTM3(records with delta) + b`` over all 60 records, each of which
    carries the delta as a seventh number.

    Parameters
    ----------
    hidden : int
        Width of every layer.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(len(FEATURES) + 1, hidden, LAYERS, batch_first=True)
        self.out = nn.Linear(hidden, 1)

    def forward(self, records: torch.Tensor, delta: torch.Tensor) -> torch.Tensor:
        """Logits (n,) of scaled records (n, 60, 6) and scaled deltas (n,)."""
        column = delta[:, None, None].expand(-1, records.shape[1], 1)
        states = self.lstm(torch.cat([records, column], dim=2))[0]
        return self.out(states[:, -1])[:, 0]


NETWORKS: dict[str, type[SplitLSTM] | type[JointLSTM]] = {
    "split": SplitLSTM,
    "joint": JointLSTM,
}
