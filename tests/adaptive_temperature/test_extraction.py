"""What of a model's answer is scored."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.adaptive_temperature.extraction import (
    STOPS,
    code_block,
    cut_at_stop,
    ends_early,
    extract,
    tally,
    truncate,
)

PROMPT = 'import math\n\n\ndef area(r):\n    """Area of a circle."""\n'
BODY = "    return math.pi * r * r\n"


@pytest.mark.parametrize(
    ("name", "text", "kept"),
    [
        ("codex", "    return 1\n\nif x:\n", "    return 1\n"),
        ("codex", "    if x:\n        print(x)\n", "    if x:\n        print(x)\n"),
        (
            "adapt-humaneval",
            "    x\n\nif 1:\n    y\n\ndef g",
            "    x\n\nif 1:\n    y\n",
        ),
        ("adapt-humaneval", "    return 1\n\n# test\nclass A", "    return 1\n"),
        ("adapt-mbpp", "    return '''a'''\n", "    return "),
        ("adapt-mbpp", "    return 1<|endoftext|>def", "    return 1"),
        ("codex", "def area(r):\n    return 1\n", "def area(r):\n    return 1\n"),
    ],
)
def test_stop_strings(name, text, kept):
    assert cut_at_stop(text, STOPS[name]) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("    return 1\nprint(1)\nx\nprint(2)\n", "    return 1\nprint(1)\nx\n"),
        ("    print(1)\n    print(2)\n", "    print(1)\n    print(2)\n"),
        ("def f():\n  1\ndef g():\n  2\n", "def f():\n  1\n"),
        ("define = 1\ndefault = 2\n", "define = 1\n"),
        ("    x\n\n\n    y", "    x"),
        ("    x\n# done", "    x\n"),
        ("    x\n    # done\n", "    x\n    # done\n"),
        ("    x\n'''\nprose", "    x\n"),
        ('    x\n"""\nprose', "    x\n"),
        ('    """doc"""\n    x\n', '    """doc"""\n    x\n'),
        ("    x<|endoftext|>y", "    x"),
        ("#", ""),
        ("", ""),
    ],
)
def test_the_released_rule(text, kept):
    assert truncate(text) == kept


PIECES = [
    "print(1)",
    "def f",
    "#",
    "'''",
    '"""',
    "\n",
    "\n",
    "    ",
    "<|endoftext|>",
    "x",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_the_released_rule_line_by_line(text):
    """A slow reading of the rule: grow the text until something ends it."""
    kept, prints, defs, start = len(text), 0, 0, True
    cuts = []
    for place in range(len(text)):
        rest = text[place:]
        if start and rest.startswith("print"):
            prints += 1
            cuts += [place] if prints == 2 else []
        if start and rest.startswith("def"):
            defs += 1
            cuts += [place] if defs == 2 else []
        if (start and rest.startswith(("#", "'''", '"""'))) or rest.startswith(
            ("<|endoftext|>", "\n\n\n")
        ):
            cuts.append(place)
        start = text[place] == "\n"
    kept = min(cuts, default=len(text))
    found = truncate(text)
    # three newlines that a cut at `print` or `def` breaks up end nothing any more
    assert found == text[:kept] and truncate(found) == found


def test_a_fenced_answer():
    answer = (
        "First:\n```bash\npip install x and many more words than the code has\n```\n"
        "Then\n```python\n"
        + PROMPT
        + BODY
        + "```\nand a test\n```\nassert area(1)\n```"
    )
    assert code_block(answer, "area") == PROMPT + BODY
    found = extract(answer, PROMPT, "area", chat=True)
    assert (found.text, found.repeats_prompt, found.cut) == (BODY, True, False)


@pytest.mark.parametrize(
    ("answer", "block"),
    [
        ("no fence\n", "no fence\n"),
        ("```\na\n```\n~~~py\nlonger\n~~~\n", "longer\n"),
        ("```python\ndef area(r):\n    return 1", "def area(r):\n    return 1"),
        ("  ```python\ndef area(r): pass\n  ```\n", "def area(r): pass\n"),
        ("```\ndef areas(): pass\n```\n```\ndef area(): 1\n```", "def area(): 1\n"),
        ("````md\n```\ninner\n```\n````\n", "```\ninner\n```\n"),
        ("```inline``` and text", "```inline``` and text"),
        ("```python\r\nx = 1\r\n```\r\n", "x = 1\r\n"),
    ],
)
def test_code_blocks(answer, block):
    assert code_block(answer, "area") == block


def run(source: str):
    space: dict = {}
    exec(source, space)
    return space["area"](1)


@pytest.mark.parametrize(
    "answer",
    [
        BODY,
        BODY + "\ndef other():\n    pass\n",
        PROMPT + BODY,
        "\n\n" + PROMPT + BODY + "\n\nclass A:\n",
        "def area(r):\n" + BODY,
        "\ndef area(r):\n" + BODY + "\ndef other():\n    pass\n",
        "from math import pi\n\ndef area(r):\n    return pi * r * r\n",
    ],
)
@pytest.mark.parametrize("prompt", [PROMPT, "import math\ndef area(r):\n"])
def test_a_right_answer_stays_right(answer, prompt):
    answer = answer.replace(PROMPT, prompt)
    found = extract(answer, prompt, "area")
    assert run(prompt + found.text) == pytest.approx(3.14159, abs=1e-4)
    assert found.repeats_prompt == ("def area" in answer) and not found.cut
    assert found.stopped == ("other" in answer or "class" in answer)
    assert "other" not in found.text and "class" not in found.text


def test_a_similar_name_is_no_repetition():
    found = extract("def areas(r):\n    return 1\n", PROMPT, "area")
    assert not found.repeats_prompt


@pytest.mark.parametrize("answer", ["", "   \n\n", "    # only a remark\n", "\n# x"])
def test_nothing_to_run(answer):
    found = extract(answer, PROMPT, "area")
    assert run(PROMPT + found.text) is None
    assert tally([found])["empty"] == 1


@pytest.mark.parametrize(
    ("end", "cut"),
    [
        ("    return r *", True),
        ("    return r * (2 +", True),
        ("    return 'abc", True),
        ("    return '''abc\n", True),
        ("    for i in range(3):\n", True),
        ("    for i in range(3)", True),
        ("    if r is not", True),
        ("    x = [1,\n         2,\n", True),
        ("    x = {'a': 1, 'b'", True),
        ("    import", True),
        ("    x = 1 + \\\n", True),
        ("    return", False),
        ("    return r", False),
        ("    return None\n", False),
        ("    return [1, 2]  # and so on", False),
        ("    x: int = 3\n    ...", False),
        ("    return 'a'\n\n\n", False),
        ("    return {'a': 1}\n", False),
        ("    if r: return 1\n", False),
        ("    return 'oops\n    x = 1\n", False),
        ("    if r:\n        x\n      y\n", False),
        ("    return r)\n", False),
        ("    return \x00", False),
        ("", False),
    ],
)
def test_texts_that_break_off(end, cut):
    assert ends_early(PROMPT + end) is cut
    assert extract(end, PROMPT, "area", stops=(), released=False).cut is cut


@given(st.integers(0, len(BODY)))
def test_a_cut_body_is_never_called_cut_without_reason(place):
    """What is called cut does not compile as it stands."""
    if ends_early(PROMPT + BODY[:place]):
        with pytest.raises(SyntaxError):
            compile(PROMPT + BODY[:place], "cut", "exec")


def test_a_bomb_of_brackets_is_only_looked_at():
    assert ends_early(PROMPT + "    return " + "(" * 100_000) in (True, False)


def test_the_models_own_word_counts_more():
    assert extract("    return r *", PROMPT, "area", finished=True).cut is False
    assert extract("    return r", PROMPT, "area", finished=False).cut is True
    stopped = extract("    return r\n\ndef g", PROMPT, "area", finished=False)
    assert stopped.stopped and not stopped.cut


def test_tally():
    answers = [BODY, "    x *", "", PROMPT + BODY, BODY + "\n\n\n\n\nx"]
    assert tally(extract(text, PROMPT, "area") for text in answers) == {
        "answers": 5,
        "stopped": 1,
        "repeats_prompt": 1,
        "cut": 1,
        "empty": 1,
    }


def test_no_pattern_explodes():
    for text in ("import a\n" * 5000, " " * 50_000, "```" * 5000, "\n" * 50_000):
        extract(text, PROMPT, "area", chat=True)
        extract(text, PROMPT, "area", released=False, stops=())
    assert re.escape("area") == "area"
