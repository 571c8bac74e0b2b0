"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.graph_generation.large_models import rule_campaign, share_campaign
from helpers.paper_work import CpuWork, Transformer, Values, Work, generation

LLAMA = Transformer(13.0e9, layers=40, width=5120)
RUNS, SHARE_RUNS = 15, 5  # of `large_models.campaign`
BATCH, CONTEXT = 8, 4096  # of `helpers.llm.local.LocalModel`, and of LLaMA2
LONGEST = 2000  # tokens of the longest reply of a batch; assumed


def plan(default: Values, paper: Values) -> list[Work]:
    """The small decoders on the processor; the paper's protocol on the GPU.

    Training of the classifier of molecules is not estimated.
    """
    ratio = _replies(paper) / _replies(default)
    calls = len(rule_campaign()) * RUNS + len(share_campaign()) * SHARE_RUNS
    return [
        CpuWork("the small decoders", ratio, "cells x replies"),
        generation(
            f"LLaMA2-13B-chat, {calls:,} calls",
            LLAMA,
            context=CONTEXT,
            batch=BATCH,
            steps=-(-calls // BATCH) * LONGEST,
        ),
    ]


def _replies(values: Values) -> float:
    methods = 4 * len(values["rules"]) * values["runs"]
    others = (len(values["temperatures"]) + 8) * 3 * values["more_runs"]
    shares = 9 * len(values["shares"]) * values["share_runs"]
    molecules = 4 * len(values["properties"]) * values["molecule_runs"]
    return methods + others + shares + molecules
