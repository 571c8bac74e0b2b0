"""Size of a small decoder, as transformers' ``LlamaForCausalLM``.

Rotary positions, RMS norms, a gated feed-forward layer, and one matrix for reading and
writing tokens. Being a plain Llama, whatever works on one works on it: ``generate``,
logits processors, caches, other tools' checkpoint readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

from transformers import LlamaConfig, LlamaForCausalLM

from helpers.seeding import torch_seeded

PAD, BOS, EOS, UNKNOWN = "<pad>", "<bos>", "<eos>", "<unk>"
SPECIAL = (PAD, BOS, EOS, UNKNOWN)  # token numbers 0, 1, 2, 3 of every tokenizer here


@dataclass(frozen=True)
class TinyConfig:
    """Shape of the decoder.

    Attributes
    ----------
    vocabulary : int
        Number of tokens V, the special ones included.
    layers, width, heads : int
        Blocks, width of the residual stream, attention heads; a head's width,
        ``width / heads``, must be even because rotary positions turn pairs.
    context : int
        Longest sequence in tokens.
    feed_forward : int, optional
        Width inside the gated feed-forward layer; 8/3 of ``width`` rounded up to a
        multiple of 32 by default, which costs as much as an ungated layer of 4 times.

    Raises
    ------
    ValueError
        If a size is no positive integer or the heads do not divide the width.

    Examples
    --------
    >>> TinyConfig(vocabulary=200).parameters
    829568
    """

    vocabulary: int
    layers: int = 4
    width: int = 128
    heads: int = 4
    context: int = 256
    feed_forward: int | None = None

    def __post_init__(self) -> None:
        for name in ("vocabulary", "layers", "width", "heads", "context"):
            _check_size(name, getattr(self, name))
        if self.feed_forward is not None:
            _check_size("feed_forward", self.feed_forward)
        if self.vocabulary <= len(SPECIAL):
            raise ValueError(
                f"vocabulary is {self.vocabulary}; allowed: more than the "
                f"{len(SPECIAL)} special tokens"
            )
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width {self.width} and heads {self.heads}: a head would be "
                f"{self.width / self.heads:g} wide; allowed: an even whole number"
            )

    @property
    def inner(self) -> int:
        """Width inside the feed-forward layer."""
        return self.feed_forward or -(-8 * self.width // 96) * 32

    @property
    def parameters(self) -> int:
        """Number of weights."""
        block = 4 * self.width**2 + 3 * self.width * self.inner + 2 * self.width
        return self.vocabulary * self.width + self.layers * block + self.width

    def llama(self) -> LlamaConfig:
        """The same shape as transformers' configuration, with the special tokens."""
        return LlamaConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.width,
            intermediate_size=self.inner,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads,
            max_position_embeddings=self.context,
            tie_word_embeddings=True,
            pad_token_id=SPECIAL.index(PAD),
            bos_token_id=SPECIAL.index(BOS),
            eos_token_id=SPECIAL.index(EOS),
        )

    def model(self, seed: int) -> LlamaForCausalLM:
        """An untrained decoder; its weights depend on ``seed`` alone."""
        with torch_seeded(seed):
            return LlamaForCausalLM(self.llama())


def _check_size(name: str, value: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is {value!r}; allowed: an integer of at least 1")
