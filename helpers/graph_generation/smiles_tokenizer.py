"""Tokenizer of molecule prompts and replies: words of the prompt, atoms of the SMILES.

A label such as ``Answer 3:`` with the blank after it is one token, so is a bracket
atom, a two-letter element and a word; anything else is one character. Exact: decoding
gives the text back.

>>> pieces("Answer 1: C[N+]Cl")
['Answer 1: ', 'C', '[N+]', 'Cl']
>>> pieces("at least 0.6:")
['at', ' least', ' 0.6', ':']
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from helpers.tiny_lm.config import SPECIAL, UNKNOWN
from helpers.tiny_lm.tokenizers import wrapped

# In this order: label; bracket atom; two-letter element; ring number of two digits;
# word or number after a blank; first words of lines; any character. Chlorine before an
# aromatic atom is two tokens, which the trained decoder knows it as.
_PIECES = (
    r"(?:Molecule|Answer|Steps) \d+: "
    r"|\[[^\]\s]*\]"
    r"|Br|Cl(?![a-z])"
    r"|%\d\d"
    r"| [A-Za-z]+| \d+(?:\.\d+)?"
    r"|Each|Give|Think|Reply|SMILES|at"
    r"|[\s\S]"
)
# What a SMILES may hold although no training molecule does.
_ALWAYS = ("\n", *"BCNOPSFIbcnops()=#-+/\\@.:[]0123456789")


_FIND = re.compile(_PIECES)


def pieces(text: str) -> list[str]:
    """The pieces that become tokens; joined they are the text."""
    return _FIND.findall(text)  # several times as fast as the tokenizer


def smiles_tokenizer(
    texts: Iterable[str], *, context: int = 640
) -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary is every piece of ``texts`` and of short SMILES.

    Parameters
    ----------
    texts : iterable of str
        Prompts and replies.
    context : int
        Longest sequence of the model.

    Raises
    ------
    ValueError
        If there is no text.
    """
    found = {piece for text in texts for piece in pieces(text)}
    if not found:
        raise ValueError("no text to take a vocabulary from; allowed: at least one")
    words = [*SPECIAL, *dict.fromkeys(_ALWAYS), *sorted(found - set(_ALWAYS))]
    core = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token=UNKNOWN)
    )
    core.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")
    core.decoder = decoders.Fuse()
    return wrapped(core, context)
