r"""AdapT sampling in transformers: a logits processor, and what `generate` really does.

>>> flags = TokenFlags(("x", ":", "\n", "    "))
>>> adapt = AdapTLogitsProcessor(flags, a=0.8, b=0.2)
>>> ids = torch.tensor([[0, 1, 2, 3], [2, 3, 0, 0]])  # a word begins; a line goes on
>>> LogitsProcessorList([adapt])(ids, torch.ones(2, 4))[:, 0].tolist()
[1.25, 5.0]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from helpers.adaptive_temperature.rules import RuleTable
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.truncation import check_temperature


class AdapTLogitsProcessor(LogitsProcessor):
    r"""Divides each row of logits by ``a`` where the rule is hot, else by ``b``.

    It keeps nothing between calls, so it may be used again, in batches, and with beams.
    To get AdapT sampling and nothing else from `generate`:

    * leave ``temperature`` at 1: another one would multiply with this one;
    * pass ``top_k=0``: transformers otherwise samples from the 50 likeliest;
    * a model's own generation_config.json may hold a temperature, top-p or repetition
      penalty: `effective_sampling` shows what is in force;
    * top-p and the like are applied after user processors, hence after this one, as in
      the released code;
    * ``do_sample=False`` runs it, too, and is not changed by it;
    * pad on the left, with a special token, as generation needs anyway;
    * pass ``max_new_tokens``: the default limit is 20 tokens, prompt included.

    Continuous batching hands processors the last token of each sequence and no others.
    That does not suffice, so it is declared unsupported and left out there.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase or TokenFlags
    a, b : float
        Hot and cold temperature. With ``a == b`` the result is to the bit that of
        plain temperature sampling. The paper reports a of about 0.8, and b of about 0.5
        for pass@k or less for pass@1 (from secondary sources).
    rule : str
        One of `helpers.adaptive_temperature.rules.RULES`.

    Raises
    ------
    ValueError
        For a temperature that is not above zero, or an unknown rule.
    """

    supports_continuous_batching = False

    def __init__(
        self, tokenizer: Any, a: float = 0.8, b: float = 0.5, rule: str = "line-word"
    ) -> None:
        check_temperature("a", a)
        check_temperature("b", b)
        self.a, self.b = float(a), float(b)
        self.table = RuleTable(TokenFlags.of(tokenizer), rule)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores (m, V) after tokens (m, t), divided row by row."""
        if self.a == self.b:
            # some GPUs round a division by one number otherwise than one by a column
            return scores / self.a
        if scores.device.type == "cpu":
            rows = [self.a if hot else self.b for hot in self.table.hot_rows(input_ids)]
            if len(rows) == 1:  # a column would cost a small model half a percent
                return scores / rows[0]
            return scores / torch.tensor(rows, dtype=scores.dtype)[:, None]
        hot = self.table.hot(input_ids)
        return scores / torch.where(hot, self.a, self.b).to(scores.dtype)[:, None]


@dataclass(frozen=True)
class EffectiveSampling:
    """What a call of `generate` would do.

    Attributes
    ----------
    settings : dict
        Every setting of the generation configuration that has a value.
    processors : tuple of str
        Names in the order in which they change the logits.
    warnings : tuple of str
        What is probably not meant.
    """

    settings: dict[str, Any]
    processors: tuple[str, ...]
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"logits -> {' -> '.join(self.processors) or 'unchanged'}"]
        return "\n".join([*lines, *(f"careful: {text}" for text in self.warnings)])


def effective_sampling(model: Any, **kwargs: Any) -> EffectiveSampling:
    """What ``model.generate(**kwargs)`` would do with the logits; nothing is run.

    Arguments come first, then the model's generation_config.json, then the library's
    defaults: of these three only the first is visible in one's own code.

    Parameters
    ----------
    model : PreTrainedModel
    **kwargs
        As for `generate`, without the inputs.
    """
    given = LogitsProcessorList(kwargs.pop("logits_processor", None) or [])
    passed = kwargs.pop("generation_config", None)
    config, _ = model._prepare_generation_config(passed, **kwargs)
    chosen = set(kwargs)
    if passed is not None:  # what it leaves at None comes from the model, too
        chosen |= {k for k, v in passed.to_dict().items() if v is not None}
    model._prepare_special_tokens(config, device=model.device)
    # a prompt of one token: only the kind of a processor is looked at
    chain = model._get_logits_processor(
        config, input_ids_seq_length=1, logits_processor=given, device=model.device
    )
    names = tuple(type(processor).__name__ for processor in chain)
    return EffectiveSampling(
        {k: v for k, v in config.to_dict().items() if v is not None},
        names,
        tuple(_doubts(model, config, given, chosen)),
    )


def _doubts(
    model: Any, config: GenerationConfig, given: list, chosen: set[str]
) -> list[str]:
    found = []
    adapt = any(isinstance(processor, AdapTLogitsProcessor) for processor in given)
    if not config.do_sample:
        return ["do_sample is off: always the likeliest token"]
    if adapt and config.temperature not in (None, 1.0):
        found.append(f"temperature {config.temperature} multiplies AdapT's")
    if config.top_k and "top_k" not in chosen and model.generation_config.top_k is None:
        found.append(f"top_k is {config.top_k} by default; pass top_k=0 for all tokens")
    own = model.generation_config.to_dict()
    for name in ("temperature", "top_k", "top_p", "min_p", "repetition_penalty"):
        if own.get(name) is not None and name not in chosen:
            found.append(f"{name} = {own[name]} comes from the model's configuration")
    return found
