"""The chapter's samplers, drawn by shared prefixes and by ``generate``."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from scipy import stats
from transformers import LlamaConfig, LlamaForCausalLM

from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.token_flags import OPAQUE, TokenFlags
from helpers.tiny_lm.prefix_tree import draw

FLAGS = TokenFlags((OPAQUE, "x", ":", "\n", "    ", "y"))
EOS, PROMPT, N, LIMIT = 0, [1, 2, 3], 3000, 4


def llama():
    config = LlamaConfig(
        vocab_size=len(FLAGS),
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        bos_token_id=None,
        eos_token_id=EOS,
        pad_token_id=EOS,
    )
    torch.manual_seed(1)
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.5)
    return model


@pytest.mark.parametrize(
    "sampler",
    [
        Sampler("AdapT", "line-word", a=2.0, b=0.5),
        Sampler("block", "block", a=3.0, b=0.7, top_p=0.9),
        Sampler("control", "random", a=3.0, b=0.5, share=0.4),
        Sampler("EDT", "entropy", a=1.5, theta=0.5),
        Sampler("min-p", a=1.5, min_p=0.1),
    ],
    ids=lambda sampler: sampler.name,
)
def test_both_ways_give_one_distribution(sampler) -> None:
    model, sampler = llama(), sampler.on(FLAGS)
    prompts = [PROMPT, [1, 1, 1, 1, 1]]  # padding must not look like a line
    draws = draw(
        model,
        prompts,
        {"it": sampler, "greedy": Sampler("greedy", greedy=True)},
        N,
        eos=EOS,
        max_new_tokens=LIMIT,
        seed=0,
        progress=False,
    )
    torch.manual_seed(0)
    rows = model.generate(
        torch.tensor([PROMPT] * N),
        attention_mask=torch.ones(N, len(PROMPT), dtype=torch.long),
        max_new_tokens=LIMIT,
        **sampler.generate_kwargs(FLAGS),
    )[:, len(PROMPT) :]
    theirs = Counter(tuple(row[row != EOS].tolist()) for row in rows)
    ours = draws.samples("it", 0)
    common = [text for text, count in (theirs + ours).items() if count >= 20]
    table = np.array([[c[text] for text in common] for c in (theirs, ours)])
    rest = N - table.sum(1)
    if rest.sum() >= 20:
        table = np.c_[table, rest]
    assert len(common) > 8 and stats.chi2_contingency(table).pvalue > 1e-3
    assert draws.samples("greedy", 0).most_common(1)[0][1] == N
