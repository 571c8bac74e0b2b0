"""What is taken out of a sentence, and which sentences are not used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.lora_dropout.docstring_cleaning import cleaned, first_sentence, skeleton


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Return it. Or not.", "Return it."),
        ("Return\n    it now\n\nNotes. More.", "Return it now"),
        ("Return i.e. give it. Twice.", "Return i.e. give it."),
        ("Use 1.5 of it. Twice.", "Use 1.5 of it."),
        ("Due to A. Turing. Later more.", "Due to A. Turing."),
        ("Really? Yes.", "Really?"),
    ],
)
def test_first_sentence(docstring, expected):
    assert first_sentence(docstring) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Return the :func:`~abc.norm` of a vector.", "Return the norm of a vector"),
        ("Return the :py:class:`foo.Bar` of it.", "Return the Bar of it"),
        ("Return a `table <https://x.org>`_ of it.", "Return a table of it"),
        ("Loads the [`BertModel`] once again.", "Loads the BertModel once again"),
        ("See the [paper](https://x.org) for more.", "See the paper for more"),
        ("Return ``x`` or *y* or **z**.", "Return x or y or z"),
        ("Return the torch.nn.Linear of it!", "Return the Linear of it"),
        ("Set the _private name of it", "Set the private name of it"),
    ],
)
def test_markup_and_paths_go(sentence, expected):
    assert cleaned(sentence) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Convert it to a NumPy array.",
        "Wraps a TorchScript function for export.",
        "Return the np array of it.",
        "Draw it with plt and show it.",
        "The scikit-learn way of doing it.",
        "A Transformers model of some kind.",
        "Raised by the Python interpreter only.",
        "A NetworkXError with a message.",
        "Deprecated in favour of another function.",
        "Return it as before version 3.",
        "New since 1.2 of this library.",
        ".. versionadded of some kind here",
        "svd(a) returns the singular values",
        "Labels (LongTensor of shape n) of it",
        "Return the value -> int of it",
        "Parameters ---------- x of the thing",
        "Too short here.",
        "return without a capital letter",
        "The following are allowed:",
        "Word " * 31,
        "Non-ASCII: naïve sentence of five words.",
    ],
)
def test_sentences_that_are_not_used(sentence):
    assert cleaned(sentence) is None


def test_transformer_and_series_are_subjects_and_stay():
    assert cleaned("Apply a transformer to the series.") is not None


@given(st.text(alphabet="Return `*_[]()~.:<> abcnp", min_size=1, max_size=60))
def test_whatever_comes_out_has_no_markup(text):
    found = cleaned("Return " + text)
    if found is not None:
        assert not set("`*<>~") & set(found)
        assert "np" not in found.split()
        assert not found.endswith((".", ":"))


def test_near_copies_share_a_skeleton():
    one = skeleton("Constructs a BertTokenizer, based on WordPiece")
    assert one == skeleton("Constructs a GPT2Tokenizer based on BPE")
    assert one != skeleton("Constructs a tokenizer based on words")
