"""Flags of a vocabulary: what each token means to a rule."""

from __future__ import annotations

import pytest

from helpers.adaptive_temperature.token_flags import OPAQUE, TokenFlags
from tests.adaptive_temperature.token_kinds import CODE, KINDS, SPECIAL, tokenizer


@pytest.mark.parametrize("kind", KINDS)
def test_texts_join_to_the_text(kind: str) -> None:
    words = tokenizer(kind)
    ids = words(CODE.replace("é", "e").replace("öß", "os"))["input_ids"]
    flags = TokenFlags.of(words)
    if kind == "words":  # these two words are not in its vocabulary
        ids = words(CODE)["input_ids"]
        assert flags.text(ids) == CODE
    else:
        assert flags.text(ids) == CODE.replace("é", "e").replace("öß", "os")


@pytest.mark.parametrize("kind", KINDS)
def test_special_tokens_are_visible_and_nothing_else(kind: str) -> None:
    words = tokenizer(kind)
    flags = TokenFlags.of(words)
    ids = words.convert_tokens_to_ids(SPECIAL)
    assert {flags.texts[i] for i in ids} == {OPAQUE}
    assert flags.visible[ids].all()
    assert not (flags.blank_without_newline | flags.newline_then_blank)[ids].any()


def test_the_tokenizers_differ_in_what_matters() -> None:
    """Else the property tests of the rules would test one thing four times."""
    flags = {kind: TokenFlags.of(tokenizer(kind)) for kind in KINDS}
    assert not flags["words"].newline_then_indent.any()
    # GPT-2 leaves the last blank of an indentation to the word
    assert {"\n\n   ", " return"} <= set(flags["bytes"].texts)
    merged = flags["merged"]
    assert (merged.newline_then_indent & merged.ends_with_colon).any()
    assert ":\n    " in merged.texts and "        " in merged.texts
    assert flags["bytes"].texts.count("�") > 60  # parts of UTF-8 characters


def test_byte_fallback_is_decoded() -> None:
    words = tokenizer("metaspace")
    flags = TokenFlags.of(words)
    newline, part = words.convert_tokens_to_ids(["<0x0A>", "<0xC3>"])
    assert flags.is_newline[newline] and flags.newline_then_blank[newline]
    assert flags.visible[part]


def test_flags_of_every_shape_of_text() -> None:
    texts = ("", " ", "\t", "\n", "\r\n", "a\n", "\n a", "\n\n  ", " \n", ":", "x: ")
    more = ('"', "'\n ", ":\n\n    ", "    ", "     ", "\u00a0", "\u2028", "::a")
    flags = TokenFlags(texts + more)

    def where(name: str) -> set[str]:
        return {t for t, f in zip(flags.texts, getattr(flags, name), strict=True) if f}

    assert where("newline_then_blank") == {
        *("\n", "\r\n", "a\n", "\n\n  ", " \n", "'\n ", ":\n\n    ")
    }
    assert where("newline_then_indent") == {"\n\n  ", "'\n ", ":\n\n    "}
    assert where("blank_without_newline") == {" ", "\t", "    ", "     ", ""}
    assert where("ends_with_colon") == {":", "x: ", ":\n\n    "}
    assert where("ends_with_quote") == {'"', "'\n "}
    assert where("is_newline") == {"\n"}
    assert where("is_four_spaces_or_tab") == {"    ", "\t"}
    # not what Python takes for indentation or for the end of a line
    assert {"\u00a0", "\u2028"} <= where("visible")


def test_unused_entries_are_opaque() -> None:
    class Gaps:
        all_special_ids: tuple[int, ...] = ()

        def get_vocab(self) -> dict[str, int]:
            return {"a": 0, "\n": 3}

        def decode(self, ids: list[int], **_: object) -> str:
            return "".join({0: "a", 3: "\n"}[i] for i in ids)

    assert TokenFlags.of(Gaps()).texts == ("a", OPAQUE, OPAQUE, "\n")


def test_replaced_texts() -> None:
    words = tokenizer("words")
    flags = TokenFlags.of(words, {5: "    "})
    assert flags.is_four_spaces_or_tab[5]
    with pytest.raises(ValueError, match=r"names token 9999; allowed: 0 to"):
        TokenFlags.of(words, {9999: " "})


def test_flags_of_flags_are_the_same() -> None:
    flags = TokenFlags(("a",))
    assert TokenFlags.of(flags) is flags and len(flags) == 1
