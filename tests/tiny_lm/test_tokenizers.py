import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from helpers.tiny_lm.config import SPECIAL
from helpers.tiny_lm.tokenizers import (
    bpe_tokenizer,
    encode,
    unknown_pieces,
    word_tokenizer,
)

PROGRAM = '''def total(xs):
    """Return the sum of xs, zero if  empty."""
    result = 0
    for x in xs:
        if x > 10:
            result += x   # only these
\treturn  result

'''
SIGNS = list(" \n\t\r\x0b  .:=()[]\"'#_aZé日1٣́²🙂x")


def pieces(text):
    """Slow and plain: where a text is divided, character by character."""
    found, i = [], 0
    while i < len(text):
        j = i
        at_start = i == 0 or text[i - 1] == "\n"
        if text[i] == "\n":
            j += 1
        elif at_start and text[i] in " \t":
            while j < len(text) and text[j] in " \t":
                j += 1
        else:
            k = i + (text[i] == " ")
            kind = sort_of(text[k]) if k < len(text) else "blank"
            if kind == "blank":
                j = blanks(text, i)
            else:
                accepted = {"word", "number"} if kind == "word" else {kind}
                j = k
                while j < len(text) and sort_of(text[j]) in accepted:
                    j += 1
        found.append(text[i:j])
        i = j
    return found


def blanks(text, i):
    """End of white space at ``i``: up to the last blank, which goes with a word."""
    j = i
    while j < len(text) and text[j].isspace() and text[j] != "\n":
        j += 1
    return j - 1 if j - i > 1 else j


def sort_of(character):
    if character.isspace():
        return "blank"
    kind = unicodedata.category(character)[0]
    if character == "_" or kind in "LM":
        return "word"
    return "number" if kind == "N" else "sign"


@given(st.text(SIGNS, max_size=30))
@settings(max_examples=100, deadline=None)
def test_word_tokenizer_divides_as_described_and_loses_nothing(text):
    tokenizer = word_tokenizer([text, "x"])
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == pieces(text)
    assert tokenizer.decode(ids) == text
    assert unknown_pieces(tokenizer, text) == []


BPE = bpe_tokenizer([PROGRAM] * 50, 330)


@given(st.text(max_size=40) | st.text(SIGNS, max_size=40))
@settings(max_examples=100, deadline=None)
def test_bpe_decodes_any_text_exactly_and_never_joins_pieces(text):
    encoded = BPE(text, add_special_tokens=False, return_offsets_mapping=True)
    assert BPE.decode(encoded["input_ids"]) == text
    if set(text) <= set(SIGNS):
        borders = {0, len(text)} | {a for a, b in encoded["offset_mapping"]}
        start = 0
        for piece in pieces(text):
            assert start in borders
            start += len(piece)


@pytest.mark.parametrize("tokenizer", [word_tokenizer([PROGRAM]), BPE])
def test_indentation_is_a_token_and_no_part_of_a_word(tokenizer):
    ids = tokenizer(PROGRAM)["input_ids"]
    texts = [tokenizer.decode([i]) for i in ids]
    for depth, first in ((8, "if"), (12, "result")):
        place = texts.index(" " * depth)
        assert texts[place - 1] == "\n"
        assert not texts[place + 1].startswith(" ")
        assert first.startswith(texts[place + 1])
    assert "\t" in texts and " result" in texts


@pytest.mark.parametrize("tokenizer", [word_tokenizer([PROGRAM]), BPE])
def test_special_tokens_have_the_models_numbers(tokenizer, tmp_path):
    assert tokenizer.convert_ids_to_tokens(range(4)) == list(SPECIAL)
    both = tokenizer(["def", PROGRAM], padding=True)
    short = both["input_ids"][0]
    assert short[:2] == [0, 0] and short.count(1) == 1  # pads on the left, one start
    assert both["attention_mask"][0][:2] == [0, 0]
    tokenizer.save_pretrained(tmp_path)
    again = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert again(PROGRAM)["input_ids"] == tokenizer(PROGRAM)["input_ids"]
    ids = again(PROGRAM)["input_ids"]
    assert again.decode(ids, skip_special_tokens=True) == PROGRAM
    assert again.padding_side == "left" and again.model_max_length == 256


def test_prompt_and_solution_are_encoded_as_when_a_prompt_is_continued():
    tokenizer = word_tokenizer([PROGRAM])
    cut = PROGRAM.index("    result")
    ids, given = encode(tokenizer, PROGRAM[:cut], PROGRAM[cut:])
    assert tokenizer.decode(ids[:given]) == "<bos>" + PROGRAM[:cut]
    assert tokenizer.decode(ids[given:]) == PROGRAM[cut:] + "<eos>"
    # the first token of the solution is its indentation, although no break precedes it
    assert tokenizer.decode(ids[given]) == "    "


def test_vocabulary_is_stable_and_holds_the_promised_indentations():
    one = word_tokenizer(["a b", "b c"], levels=3)
    assert one.get_vocab() == word_tokenizer(["b c", "a b"], levels=3).get_vocab()
    assert {" " * n for n in (4, 8, 12)} < set(one.get_vocab())
    assert " " * 16 not in one.get_vocab()


def test_unknown_words_are_named():
    tokenizer = word_tokenizer(["x = y"])
    assert unknown_pieces(tokenizer, "x = z\n") == [" z"]
    assert tokenizer("x = z")["input_ids"][-1] == SPECIAL.index("<unk>")


def test_too_little_to_work_with_is_refused():
    with pytest.raises(ValueError, match="no text"):
        word_tokenizer([])
    with pytest.raises(ValueError, match="260 or more"):
        bpe_tokenizer(["x"], 259)
