"""A few samples of one prompt, with the temperature and the loss of every token.

The same uniform numbers are turned into tokens under every sampler, by the inverse of
the distribution function: a small change of a temperature changes few tokens.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.token_view import ViewedToken
from helpers.torch_threads import single_thread

SMALL = 20_000_000
"""Parameters below which one thread is used."""


@dataclass(frozen=True)
class TracedSample:
    """One continuation of a prompt.

    Attributes
    ----------
    tokens : tuple of ViewedToken
        Without the end token.
    text : str
        The continuation as decoded.
    finished : bool
        Whether the model ended it, and not the limit of tokens.
    """

    tokens: tuple[ViewedToken, ...]
    text: str
    finished: bool

    @property
    def loss(self) -> float:
        """Sum over the tokens, in nats."""
        return sum(token.loss for token in self.tokens)


def traced_samples(
    model: Any,
    tokenizer: Any,
    prompt: str,
    sampler: Sampler,
    count: int = 4,
    *,
    seed: int = 0,
    max_new_tokens: int = 96,
) -> list[TracedSample]:
    """Draw samples from any causal language model of transformers.

    Parameters
    ----------
    model, tokenizer
        On one device; the tokenizer has an end token.
    prompt : str
    sampler : Sampler
        Bound to the tokenizer already, or it is bound here.
    count : int
        Samples.
    seed : int
        Of the uniform numbers: samples of one seed and number belong together.
    max_new_tokens : int
        Fewer where the model's context ends before.

    Raises
    ------
    ValueError
        If the prompt is empty or fills the model's context, or a count is below 1.
    """
    if min(count, max_new_tokens) < 1:
        raise ValueError(
            f"{count} samples of {max_new_tokens} tokens; allowed: 1 or more of each"
        )
    sampler = sampler if sampler.flags is not None else sampler.on(tokenizer)
    ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
    room = int(getattr(model.config, "max_position_embeddings", 2048)) - ids.shape[1]
    if not prompt or room < 1:
        raise ValueError(
            f"the prompt has {ids.shape[1]} tokens; allowed: some text, and less than "
            f"the model's context of {room + ids.shape[1]}"
        )
    steps = min(max_new_tokens, room)
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(max_new_tokens, count, generator=generator)
    rows = _Rows(model, ids.to(model.device).repeat(count, 1), sampler)
    # a second thread only costs time where the matrices are small
    small = model.num_parameters() < SMALL
    with single_thread() if small else nullcontext(), torch.inference_mode():
        for step in range(steps):
            rows.draw(uniform[step].to(model.device))
            if bool(rows.ended(tokenizer.eos_token_id).all()):
                break
    flags = sampler.flags or TokenFlags.of(tokenizer)
    return [rows.traced(row, flags, tokenizer) for row in range(count)]


class _Rows:
    """Samples that grow by a token a step; a cache holds what the model has read."""

    def __init__(self, model: Any, ids: Tensor, sampler: Sampler) -> None:
        self.model, self.ids, self.sampler = model, ids, sampler
        self.start = ids.shape[1]
        self.cache = DynamicCache(config=model.config)
        self.new = ids
        self.temperatures: list[Tensor] = []
        self.losses: list[Tensor] = []

    def draw(self, uniform: Tensor) -> None:
        logits = self.model(
            input_ids=self.new, past_key_values=self.cache, use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1].float()  # fmt: skip
        below = self.sampler.probabilities(logits, self.ids).double().cumsum(dim=1)
        # the last sum differs from 1 by rounding
        picked = torch.searchsorted(
            below, uniform.double()[:, None] * below[:, -1:], right=True
        ).clamp(max=logits.shape[1] - 1)
        self.temperatures.append(self.sampler.temperature(self.ids, logits))
        loss = -logits.log_softmax(dim=1).gather(1, picked)
        self.losses.append(loss[:, 0])
        self.new = picked
        self.ids = torch.cat([self.ids, picked], dim=1)

    def ended(self, end: int) -> Tensor:
        return (self.ids[:, self.start :] == end).any(dim=1)

    def traced(self, row: int, flags: TokenFlags, tokenizer: Any) -> TracedSample:
        drawn = self.ids[row, self.start :].tolist()
        finished = tokenizer.eos_token_id in drawn
        kept = drawn[: drawn.index(tokenizer.eos_token_id)] if finished else drawn
        temperatures = torch.stack(self.temperatures)[:, row].tolist()
        losses = torch.stack(self.losses)[:, row].tolist()
        return TracedSample(
            tuple(
                ViewedToken(flags.text([token]), temperature, loss)
                for token, temperature, loss in zip(
                    kept, temperatures, losses, strict=False
                )
            ),
            tokenizer.decode(kept, skip_special_tokens=True),
            finished,
        )
