"""Lexemes of Python source, right or broken."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import sysconfig
import tokenize
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.adaptive_temperature.lexemes import NODES, lexemes

SOURCE = '''\
"""Module."""
import os as system

LIMIT: int = 3  # most


class Box(dict):
    """A box.

    Of things.
    """

    # its size
    size = 3

    def fill(self, *things, fast=True):
        for thing in things:
            if not thing:
                continue
            self[thing] = print(os.path.sep, end="x",
                                 other=f"{thing!r} {1}")
        return None
'''


def named(source):
    return {source[x.start : x.end]: x for x in lexemes(source)}


def test_nodes_depths_and_starts() -> None:
    found = named(SOURCE)
    nodes = {text: x.node for text, x in found.items()}
    expected = {
        '"""Module."""': "docstring",
        "# most": "comment",
        "import": "import",
        "system": "assigned name",
        "int": "name",
        "class": "definition",
        "Box": "defined name",
        "size": "assigned name",
        "fill": "defined name",
        "fast": "keyword argument",
        "True": "constant",
        "not": "logic",
        "continue": "loop",
        "path": "attribute",
        "print": "called name",
        "dict": "name",
        "thing": "name",
        "end": "keyword argument",
        '"x"': "string",
        'f"{thing!r} {1}"': "string",
        "return": "return",
        "(": "bracket",
        "*": "operator",
        ".": "punctuation",
    }
    assert {text: nodes[text] for text in expected} == expected
    assert set(nodes.values()) <= set(NODES)
    depths = {text: x.depth for text, x in found.items()}
    assert depths["class"] == 0 and depths["size"] == depths["def"] == 1
    assert depths["for"] == depths["return"] == 2
    assert depths["if"] == depths["other"] == 3 and depths["continue"] == 4
    lines = [x for x in lexemes(SOURCE) if x.starts_line]
    # a docstring and a comment start no line; a continuation line does
    assert [SOURCE[x.start : x.end] for x in lines] == [
        *("import", "LIMIT", "class", "size", "def", "for", "if", "continue"),
        *("self", "other", "return"),
    ]
    blocks = [SOURCE[x.start : x.end] for x in lines if x.starts_block]
    assert blocks == ["size", "for", "if", "continue"]


LIBRARY = ["heapq.py", "textwrap.py", "json/decoder.py", "ast.py", "dis.py"]


@pytest.mark.parametrize("name", LIBRARY)
def test_agrees_with_the_syntax_tree(name) -> None:
    """Against `ast`, an independent reading of the same files."""
    source = (Path(sysconfig.get_path("stdlib")) / name).read_text(encoding="utf-8")
    lines = source.split("\n")
    at = {}
    for x in lexemes(source):
        row = source.count("\n", 0, x.start) + 1
        at[row, x.start - source.rfind("\n", 0, x.start)] = x

    def at_node(node):
        column = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
        return at[node.lineno, column + 1]

    expected, docstrings = set(), 0
    for node in ast.walk(ast.parse(source)):
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if not isinstance(body, list) or isinstance(node, ast.Module):
                continue
            statements = list(body)
            while statements and is_text(statements[0]):
                docstrings += at_node(statements.pop(0)).node == "docstring"
            # neither `elif`, which is an `if` inside `else`, nor `if x: return`
            if statements and at_node(statements[0]).starts_line:
                first = statements[0]
                line = getattr(first, "decorator_list", None) or [first]
                place = line[0].lineno
                text = lines[place - 1].strip()
                if not text.startswith("elif"):
                    expected.add(place)
    found = {row for (row, _), x in at.items() if x.starts_block}
    assert len(expected) > 20 and found == expected
    assert docstrings > 5


def is_text(statement) -> bool:
    value = getattr(statement, "value", None)
    return isinstance(statement, ast.Expr) and isinstance(
        getattr(value, "value", None), str
    )


@settings(max_examples=150, deadline=None)
@given(
    cut=st.integers(0, len(SOURCE)), noise=st.sampled_from([*" '(\0é", "é\0", "\udc80"])
)
def test_a_text_that_breaks_off_is_read_to_its_end(cut, noise) -> None:
    source = SOURCE[:cut] + noise
    covered = set()
    last = 0
    for x in lexemes(source):
        assert last <= x.start < x.end <= len(source)
        last = x.end
        covered.update(range(x.start, x.end))
    visible = {i for i, c in enumerate(source) if not c.isspace()}
    assert visible - covered <= {i for i in visible if source[i] in "\\\0"}


def test_what_follows_an_error_keeps_lines_blocks_and_depth() -> None:
    broken = (
        "def f(x):\n    return x\n  y = ?\n"  # an indentation that fits nothing
        "def g(x):\n    '''Twice.'''\n    for a in x:\n        b = 2 * a\n"
    )
    found = [(broken[x.start : x.end], x) for x in lexemes(broken)]
    blocks = [text for text, x in found if x.starts_block]
    assert blocks[0] == "return" and blocks[-2:] == ["for", "b"]
    nodes = {text: (x.node, x.depth) for text, x in found}
    assert nodes["'''Twice.'''"] == ("docstring", 1)
    assert nodes["g"] == ("defined name", 0) and nodes["b"] == ("assigned name", 2)


@given(st.text(alphabet="ab'\"\\\n\t (){}:=#1.fr\r\x0c", max_size=60))
def test_any_text_is_read(text) -> None:
    assert all(x.end > x.start for x in lexemes(text))


def test_names_and_signs_are_those_of_tokenize() -> None:
    """The patterns for broken text against the standard library on whole text."""
    from helpers.adaptive_temperature.lexemes import _matched

    source = (Path(sysconfig.get_path("stdlib")) / "heapq.py").read_text()
    theirs = [
        (found.string, found.type)
        for found in tokenize.generate_tokens(io.StringIO(source).readline)
        if found.string.strip() and found.type not in (tokenize.INDENT, tokenize.NL)
    ]
    ours = [(piece.text, piece.kind) for piece in _matched(source, 0, 0)]
    assert ours == theirs


def test_importing_needs_the_standard_library_alone() -> None:
    code = (
        "import sys; from helpers.adaptive_temperature import lexemes;"
        "assert 'numpy' not in sys.modules and 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
