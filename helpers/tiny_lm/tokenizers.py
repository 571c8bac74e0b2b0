r"""Two tokenizers for programs, both exact: decoding gives the text back.

They divide a text into the same pieces: a line break; the blanks that a line starts
with; a word, number or run of signs with the blank before it; other white space. The
first keeps pieces whole (`word_tokenizer`), the second divides rare ones further
(`bpe_tokenizer`). Indentation is therefore never part of a word, as in code models.

>>> texts = ["def f(x):\n    return x + 1\n"]
>>> code = word_tokenizer(texts)
>>> code.convert_ids_to_tokens(code(texts[0])["input_ids"])[:8]
['<bos>', 'def', ' f', '(', 'x', '):', '\n', '    ']
>>> code.decode(code(texts[0])["input_ids"], skip_special_tokens=True) == texts[0]
True
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from tokenizers import trainers as bpe_trainers
from transformers import PreTrainedTokenizerFast

from helpers.tiny_lm.config import BOS, EOS, PAD, SPECIAL, UNKNOWN

STEP = 4  # blanks of one level of indentation
# In this order: line break; blanks at the start of a line or text (no character before
# them, or a line break); word, number, signs with at most one blank; the rest.
_PIECES = (
    r"\n"
    r"|(?<![^\n])[ \t]+"
    r"| ?[\p{L}\p{M}_][\p{L}\p{M}\p{N}_]*"
    r"| ?\p{N}+"
    r"| ?[^\s\p{L}\p{M}\p{N}_]+"
    r"|[^\S\n]+(?=[^\S\n])"
    r"|\s"
)


def word_tokenizer(
    texts: Iterable[str], *, levels: int = 4, context: int = 256
) -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary is every piece that occurs in ``texts``.

    Made for closed worlds such as a generated family of programs. A piece it has not
    seen becomes ``<unk>``, which `unknown_pieces` finds before it does harm.

    Parameters
    ----------
    texts : iterable of str
    levels : int
        Indentations of 4, 8, ... blanks that are tokens whether or not they occur.
    context : int
        Longest sequence of the model.

    Raises
    ------
    ValueError
        If there is no text.
    """
    split = _splitter()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(piece for piece, _ in split.pre_tokenize_str(text))
    if not counts:
        raise ValueError("no text to take a vocabulary from; allowed: at least one")
    always = ["\n", *(" " * STEP * level for level in range(1, levels + 1))]
    ranked = sorted(counts, key=lambda piece: (-counts[piece], piece))
    words = [*SPECIAL, *always, *(p for p in ranked if p not in always)]
    core = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token=UNKNOWN)
    )
    core.pre_tokenizer = split
    core.decoder = decoders.Fuse()
    return wrapped(core, context)


def bpe_tokenizer(
    texts: Iterable[str], vocabulary: int, *, context: int = 256
) -> PreTrainedTokenizerFast:
    """Byte-level byte-pair encoding trained on ``texts``; it knows every text.

    Parameters
    ----------
    texts : iterable of str
    vocabulary : int
        Tokens in all: 4 special ones, 256 bytes, the rest merges.
    context : int
        Longest sequence of the model.

    Raises
    ------
    ValueError
        If ``vocabulary`` leaves no room for the bytes.
    """
    least = len(SPECIAL) + 256
    if vocabulary < least:
        raise ValueError(f"vocabulary is {vocabulary}; allowed: {least} or more")
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [_splitter(), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    core.decoder = decoders.ByteLevel()
    trainer = bpe_trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    core.train_from_iterator(texts, trainer)
    return wrapped(core, context)


def unknown_pieces(tokenizer: PreTrainedTokenizerFast, text: str) -> list[str]:
    """Pieces of ``text`` that the tokenizer would lose, in order.

    >>> unknown_pieces(word_tokenizer(["a = b"]), "a = c")
    [' c']
    """
    encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
    pairs = zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    return [text[a:b] for i, (a, b) in pairs if i == tokenizer.unk_token_id]


def encode(
    tokenizer: PreTrainedTokenizerFast, prompt: str, solution: str = ""
) -> tuple[list[int], int]:
    """Token numbers ``<bos> prompt solution <eos>`` and how many the prompt has.

    The two texts are encoded apart, as they are when a model continues a prompt.
    """
    head: Sequence[int] = tokenizer(prompt)["input_ids"]
    tail: Sequence[int] = tokenizer(solution, add_special_tokens=False)["input_ids"]
    return [*head, *tail, tokenizer.eos_token_id], len(head)


def _splitter() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(_PIECES), behavior="isolated")


def wrapped(
    core: Tokenizer, context: int, *, begins: bool = True
) -> PreTrainedTokenizerFast:
    """The tokenizer as transformers has them: pads on the left, ``begins`` with BOS."""
    core.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A" if begins else "$A",
        special_tokens=[(BOS, SPECIAL.index(BOS))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        unk_token=UNKNOWN,
        padding_side="left",  # what generation needs
        clean_up_tokenization_spaces=False,
        model_max_length=context,
    )
