r"""One description of a sampler, and its exact next-token distribution.

Temperature comes first and truncation after it, as in the released code:

.. math:: p = \mathrm{min\text{-}p}\bigl(\mathrm{top\text{-}p}\bigl(
          \mathrm{softmax}(z / T)\bigr)\bigr)

The same object gives the distribution to code that samples from it, and the arguments
to `model.generate` that make transformers sample from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from transformers import LogitsProcessorList

from helpers.adaptive_temperature.entropy import entropy_temperature
from helpers.adaptive_temperature.peers import (
    EntropyTemperature,
    RandomTemperature,
    TopNSigma,
)
from helpers.adaptive_temperature.processor import AdapTLogitsProcessor
from helpers.adaptive_temperature.rules import RULES, RuleTable
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.truncation import (
    check_temperature,
    min_p,
    outside_n_sigma,
    top_p,
)
from helpers.names import unknown_name

# What of a generation configuration would change the distribution of samples, off.
NEUTRAL: dict[str, Any] = {
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "typical_p": 1.0,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "top_h": None,
}
# The part of it that greedy decoding obeys, too; None overrides a model's value.
NEUTRAL_GREEDY: dict[str, Any] = {
    "repetition_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "num_beams": 1,
    "bad_words_ids": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
    "sequence_bias": None,
    "encoder_repetition_penalty": None,
    "encoder_no_repeat_ngram_size": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "exponential_decay_length_penalty": None,
    "min_length": None,
    "min_new_tokens": None,
    "guidance_scale": None,
    "watermarking_config": None,
}
KINDS = ("uniform", *RULES, "random", "entropy")


@dataclass(frozen=True)
class Sampler:
    """How the next token is drawn.

    Attributes
    ----------
    name : str
        What tables and figures call it.
    rule : str
        ``uniform``: temperature ``a`` everywhere. A rule of
        `helpers.adaptive_temperature.rules`: ``a`` where it is hot, else ``b``.
        ``random``: a control, ``a`` with probability ``share``, else ``b``.
        ``entropy``: EDT, ``a * 0.8 ** (theta / entropy)``.
    a, b : float
        Hot and cold temperature, above 0. ``b`` is ``a`` where it is not given, which
        only ``uniform`` and ``entropy`` allow.
    top_p, min_p, top_n_sigma : float
        Truncation; 1, 0 and 0 keep every token.
    greedy : bool
        Always the likeliest token; the other settings then do nothing.
    share : float
        Of hot positions, for ``random``.
    theta : float
        In nats, for ``entropy``.
    seed : int
        Of the positions that `generate` makes hot with ``random``.
    flags : TokenFlags, optional
        Of the model's vocabulary, set by `on`.

    Raises
    ------
    ValueError
        For an unknown rule or a setting out of its range.

    Examples
    --------
    >>> flags = TokenFlags(("x", "y", "    ", chr(10)))
    >>> sampler = Sampler("AdapT", "line-word", a=2.0, b=0.5).on(flags)
    >>> ids = torch.tensor([[0, 3, 2], [3, 2, 0]])
    >>> sampler.temperature(ids).tolist()
    [2.0, 0.5]
    """

    name: str
    rule: str = "uniform"
    a: float = 1.0
    b: float | None = None
    top_p: float = 1.0
    min_p: float = 0.0
    top_n_sigma: float = 0.0
    greedy: bool = False
    share: float = 0.0
    theta: float = 0.0
    seed: int = 0
    flags: TokenFlags | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.rule not in KINDS:
            raise unknown_name("rule", self.rule, KINDS)
        if self.b is None:
            if self.rule in (*RULES, "random"):
                raise ValueError(f"{self.name}: the rule {self.rule!r} needs `b`, too")
            object.__setattr__(self, "b", self.a)
        elif self.rule in ("uniform", "entropy") and self.b != self.a:
            raise ValueError(f"{self.name}: {self.rule!r} has one temperature, `a`")
        for name in ("a", "b"):
            check_temperature(name, getattr(self, name))
        for name, least, most in (
            ("top_p", 0, 1),
            ("min_p", 0, 1),
            ("top_n_sigma", 0, float("inf")),
            ("share", 0, 1),
            ("theta", 0, float("inf")),
        ):
            value = getattr(self, name)
            if not least <= value <= most or (name == "top_p" and value == 0):
                raise ValueError(
                    f"{self.name}: `{name}` is {value!r}; allowed: {least} to {most}"
                )

    def on(self, tokenizer: Any) -> Sampler:
        """This sampler for a tokenizer, or for its `TokenFlags`, made ready to use."""
        bound = replace(self, flags=TokenFlags.of(tokenizer))
        if bound.rule in RULES:
            _ = bound._table  # the rule's own complaints come now
        return bound

    @property
    def cold(self) -> float:
        """``b`` as a number."""
        return self.a if self.b is None else self.b

    def probabilities(self, logits: Tensor, ids: Tensor) -> Tensor:
        """Exact distribution of the next token.

        Parameters
        ----------
        logits : Tensor
            (m, V), float32.
        ids : Tensor
            The tokens so far (m, t), int64, ending at the right; anything on the left
            that is no text must be special tokens.

        Returns
        -------
        Tensor
            (m, V), rows sum to 1. For ``random`` the mixture over hot and cold.

        Raises
        ------
        ValueError
            If the rule reads tokens and `on` was not called.
        """
        if self.greedy:
            best = logits.argmax(dim=-1, keepdim=True)
            return torch.zeros_like(logits).scatter_(1, best, 1.0)
        if self.rule == "random":
            hot, cold = (self._at(logits, t) for t in (self.a, self.cold))
            return self.share * hot + (1 - self.share) * cold
        if self.a == self.cold and self.rule != "entropy":
            return self._at(logits, self.a)
        return self._at(logits, self.temperature(ids, logits)[:, None])

    def hot_share(self, logits: Tensor | None, ids: Tensor) -> Tensor:
        """Probability that each position is hot: (m,) float32.

        Zero for samplers that know no hot positions (greedy, uniform, entropy).
        """
        if self.greedy or self.rule in ("uniform", "entropy"):
            return torch.zeros(len(ids), device=ids.device)
        if self.rule == "random":
            return torch.full((len(ids),), float(self.share), device=ids.device)
        return self._table.hot(ids).float()

    def temperature(self, ids: Tensor, logits: Tensor | None = None) -> Tensor:
        """Temperature of each position: (m,) float32.

        Of ``random`` it is the mean; ``greedy`` is not looked at.

        Raises
        ------
        ValueError
            If ``entropy`` gets no logits.
        """
        if self.rule == "entropy":
            if logits is None:
                raise ValueError("the rule 'entropy' decides by the logits: pass them")
            return entropy_temperature(logits, self.a, self.theta)
        hot = self.hot_share(logits, ids)
        return hot * self.a + (1 - hot) * self.cold

    def generate_kwargs(self, tokenizer: Any) -> dict[str, Any]:
        """Arguments for `model.generate` to sample from exactly these distributions.

        They override the model's own generation_config.json, too. With ``random`` the
        processor's draws go on from call to call: make new arguments for a new run.

        Parameters
        ----------
        tokenizer : PreTrainedTokenizerBase or TokenFlags
        """
        if self.greedy:
            return {**NEUTRAL_GREEDY, "do_sample": False}
        chain = LogitsProcessorList()
        if self.rule in RULES:
            adapt = AdapTLogitsProcessor(tokenizer, self.a, self.cold, self.rule)
            chain.append(adapt)
        elif self.rule == "random":
            args = (self.a, self.cold, self.share, self.seed)
            chain.append(RandomTemperature(*args))
        elif self.rule == "entropy":
            chain.append(EntropyTemperature(self.a, self.theta))
        if self.top_n_sigma:  # the same at every temperature, so the order is free
            chain.append(TopNSigma(self.top_n_sigma))
        return {
            **NEUTRAL,
            **NEUTRAL_GREEDY,
            "do_sample": True,
            "temperature": self.a if self.rule == "uniform" else 1.0,
            "top_p": self.top_p,
            "min_p": self.min_p or None,
            "logits_processor": chain,
        }

    def _at(self, logits: Tensor, temperature: float | Tensor) -> Tensor:
        scores = logits / temperature
        if self.top_n_sigma:
            cut = outside_n_sigma(logits, self.top_n_sigma)
            scores = scores.masked_fill_(cut, -torch.inf)
        return min_p(top_p(scores.softmax(dim=-1), self.top_p), self.min_p)

    @cached_property
    def _table(self) -> RuleTable:
        if self.flags is None:
            raise ValueError(
                f"{self.name}: the rule {self.rule!r} reads tokens; "
                "use sampler.on(tokenizer)"
            )
        return RuleTable(self.flags, self.rule)
