"""What a sampling rule must know of each token: newlines, blanks, colons, quotes.

A rule that looks at positions in a line has to work for tokenizers that divide
``":\\n    return"`` in many ways. So every vocabulary entry is classified once by its
decoded text, and the rules (`helpers.adaptive_temperature.rules`) are look-ups.

Blanks are the characters that may indent Python: space, tab, form feed, and the
carriage return of a CRLF line end. Other Unicode white space is visible here, as it is
to Python's parser. Special tokens (beginning, end, padding) and unused entries count as
one visible character: no line starts right after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

BLANKS = " \t\f\v\r"
# What a special or unused token looks like to the rules.
OPAQUE = "\ufffc"


@dataclass(frozen=True, eq=False)
class TokenFlags:
    r"""Flags of the V entries of a vocabulary.

    Attributes
    ----------
    texts : tuple of str
        Decoded text of each entry. A piece of a UTF-8 character, and a special token,
        stand as one visible character.

    Examples
    --------
    >>> flags = TokenFlags(("x", "\n", "    ", "):\n  ", " \n"))
    >>> flags.newline_then_blank.tolist()
    [False, True, False, True, True]
    >>> flags.blank_without_newline.tolist()
    [False, False, True, False, False]
    >>> flags.ends_with_colon.tolist()
    [False, False, False, True, False]
    """

    texts: tuple[str, ...]

    @classmethod
    def of(
        cls, tokenizer: Any, replaced: Mapping[int, str] | None = None
    ) -> TokenFlags:
        """Flags of a transformers tokenizer, fast or slow.

        Every entry is decoded after another one, since some decoders strip the blank
        of a text's first token. An entry that is a part of a UTF-8 character decodes
        to a replacement character, which is visible, as is the whole character.

        Parameters
        ----------
        tokenizer : PreTrainedTokenizerBase or TokenFlags
            Flags are returned as they are.
        replaced : mapping of int to str, optional
            Texts of entries that the tokenizer itself does not decode to what they
            mean: CodeGeeX writes four spaces as ``<|extratoken_14|>``.

        Raises
        ------
        ValueError
            If ``replaced`` names an entry that does not exist.
        """
        if isinstance(tokenizer, TokenFlags):
            return tokenizer
        numbers = sorted(set(tokenizer.get_vocab().values()))
        texts = [OPAQUE] * (numbers[-1] + 1)
        for number, text in zip(numbers, _decoded(tokenizer, numbers), strict=True):
            texts[number] = text or OPAQUE
        for number in tokenizer.all_special_ids:
            texts[number] = OPAQUE
        for number, text in (replaced or {}).items():
            if not 0 <= number < len(texts):
                raise ValueError(
                    f"`replaced` names token {number}; allowed: 0 to {len(texts) - 1}"
                )
            texts[number] = text
        return cls(tuple(texts))

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def newline_then_blank(self) -> Tensor:
        """Has a newline with nothing but blanks after the last one: (V,) bool."""
        return self._where("\n" in t and not _tail(t).strip(BLANKS) for t in self.texts)

    @cached_property
    def newline_then_indent(self) -> Tensor:
        """Has a newline with one or more blanks and nothing else after it: (V,)."""
        return self.newline_then_blank & self._where(bool(_tail(t)) for t in self.texts)

    @cached_property
    def blank_without_newline(self) -> Tensor:
        """Consists of blanks, with no newline among them: (V,) bool."""
        return self._where(not t.strip(BLANKS) for t in self.texts)

    @cached_property
    def visible(self) -> Tensor:
        """Has a character that is neither a blank nor a newline: (V,) bool."""
        return self._where(bool(t.strip(BLANKS + "\n")) for t in self.texts)

    @cached_property
    def ends_with_colon(self) -> Tensor:
        """Its last visible character is a colon: (V,) bool."""
        return self._where(_last_visible(t) == ":" for t in self.texts)

    @cached_property
    def ends_with_quote(self) -> Tensor:
        """Its last visible character is a quotation mark, single or double: (V,)."""
        return self._where(_last_visible(t) in ("'", '"') for t in self.texts)

    @cached_property
    def is_newline(self) -> Tensor:
        r"""Is exactly ``\n``: (V,) bool; number 198 in the released code."""
        return self._where(t == "\n" for t in self.texts)

    @cached_property
    def is_four_spaces_or_tab(self) -> Tensor:
        """Is exactly four spaces or one tab: (V,); 50268 and 197 in the released code.

        Raises
        ------
        ValueError
            If no entry is exactly four spaces, or none exactly a newline: the released
            rule means nothing for such a tokenizer.
        """
        for text, name in (("    ", "four spaces"), ("\n", "a newline")):
            if text not in self.texts:
                raise ValueError(
                    f"no token is exactly {name}, which the rule 'release' is about; "
                    "allowed here: line, line-word, block"
                )
        return self._where(t in ("    ", "\t") for t in self.texts)

    def text(self, ids: Sequence[int]) -> str:
        """The tokens' texts, joined; entries beyond the vocabulary count as special."""
        size = len(self.texts)
        return "".join([self.texts[i] if i < size else OPAQUE for i in ids])

    @staticmethod
    def _where(values: Any) -> Tensor:
        return torch.tensor(list(values), dtype=torch.bool)


def _tail(text: str) -> str:
    return text[text.rfind("\n") + 1 :]


def _last_visible(text: str) -> str:
    return text.rstrip(BLANKS + "\n")[-1:]


def _decoded(tokenizer: Any, numbers: list[int]) -> list[str]:
    """Text of each entry where it follows another one."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None and backend.decoder is None:
        # such a tokenizer joins its tokens with spaces that are in none of them
        return tokenizer.convert_ids_to_tokens(numbers)
    pairs = [[n, n] for n in numbers]
    if backend is not None:
        once = backend.decode_batch([[n] for n in numbers], skip_special_tokens=False)
        twice = backend.decode_batch(pairs, skip_special_tokens=False)
    else:
        settings = {"clean_up_tokenization_spaces": False}
        once = [tokenizer.decode([n], **settings) for n in numbers]
        twice = [tokenizer.decode(pair, **settings) for pair in pairs]
    return [long[len(short) :] for short, long in zip(once, twice, strict=True)]
