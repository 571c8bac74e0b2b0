"""The wording of the requests is fixed, complete, and can be read back."""

from __future__ import annotations

import hashlib
import itertools
import re

import pytest

from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import (
    DISTRIBUTION_METHODS,
    METHODS,
    MOLECULE_METHODS,
    TEMPLATE,
    Worked,
    distribution_prompt,
    kinds_line,
    messages,
    molecule_prompt,
    pair_prompt,
    rule_prompt,
    share_text,
)
from helpers.graph_generation.recorded import asked
from helpers.graph_generation.reply_parser import graphs_in, parse_reply
from helpers.graph_generation.tasks import PAIRS, RULES, SIZES, preset

RING = Graph.of(3, [(1, 2), (2, 3), (1, 3)])
PATH = Graph.of(3, [(1, 2), (2, 3)])
DISTRIBUTIONS = ("trees-or-cycles", "union", "motif")
# Of every text below. Change `TEMPLATE` with the wording, then add a line here.
DIGESTS = {"graphs-2": "7ffdd3ec7db364b2"}


def examples_for(method: str) -> tuple[Graph, ...]:
    return (RING, PATH) if method.startswith("few-shot") else ()


def all_rule_prompts() -> dict[tuple[str, str, str, int], str]:
    return {
        (rule, size, method, amount): rule_prompt(
            preset(rule, size), method, amount, examples_for(method)
        )
        for rule, size, method, amount in itertools.product(
            RULES, SIZES, METHODS, (1, 10)
        )
    }


def all_other_prompts() -> list[str]:
    worked = Worked((PATH, RING), 0.5, ("tree", "cycle"))
    pairs = [
        pair_prompt(pair.kinds, method, 10, examples_for(method))
        for pair in PAIRS
        for method in METHODS
    ]
    shown = [
        distribution_prompt(name, method, (PATH, RING), 10, example)
        for name in DISTRIBUTIONS
        for method in DISTRIBUTION_METHODS
        for example in (None, worked)
        if (method, example is None) not in (("few-shot", True), ("zero-shot", False))
    ]
    molecules = [
        molecule_prompt("inhibits HIV", ("CCO",), method, amount)
        for method in MOLECULE_METHODS
        for amount in (1, 10)
    ]
    return pairs + shown + molecules


def test_the_wording_changes_with_the_template_only() -> None:
    texts = [*all_rule_prompts().values(), *all_other_prompts()]
    digest = hashlib.sha256("\x00".join(texts).encode()).hexdigest()[:16]
    assert DIGESTS[TEMPLATE] == digest
    assert len(set(texts)) == len(texts) - repeated_presets()


def repeated_presets() -> int:
    """Prompts that are equal because two sizes of a rule are the same task."""
    tasks = [preset(rule, size) for rule in RULES for size in SIZES]
    return (len(tasks) - len(set(tasks))) * len(METHODS) * 2


def test_task_method_and_amount_can_be_read_back() -> None:
    for (rule, size, method, amount), text in all_rule_prompts().items():
        assert asked(text) == (preset(rule, size), method, amount)
    for pair in PAIRS:
        for method in METHODS:
            text = pair_prompt(pair.kinds, method, 5, examples_for(method))
            assert asked(text) == (pair, method, 5)


def test_other_prompts_are_not_taken_for_rule_prompts() -> None:
    assert asked(distribution_prompt("motif", "cot", [RING])) is None
    assert asked(molecule_prompt("is red", ["C"], "few-shot")) is None
    text = rule_prompt(preset("trees", "tiny"), "zero-shot").replace(
        "tree with", "bush"
    )
    assert asked(text) is None


def test_prompts_without_examples_are_short_and_hold_no_graph() -> None:
    for (_, _, method, _), text in all_rule_prompts().items():
        found = [answer.graph for answer in graphs_in(text, 0, len(text), 1)]
        assert tuple(found) == examples_for(method)
        if method == "zero-shot":
            assert len(text.split()) <= 75
    for name in DISTRIBUTIONS:
        shown = distribution_prompt(name, "zero-shot", [PATH, RING])
        found = [answer.graph for answer in graphs_in(shown, 0, len(shown), 1)]
        assert found == [PATH, RING]


def test_an_echoed_prompt_holds_no_answer() -> None:
    for text in (*all_rule_prompts().values(), *all_other_prompts()):
        reply = parse_reply(text, 10)
        assert not any(reply.graphs), text


@pytest.mark.parametrize("rule", RULES)
def test_sizes_stand_in_the_text_as_digits(rule: str) -> None:
    task = preset(rule, "medium")
    line = rule_prompt(task, "zero-shot", 7).splitlines()[0]
    sizes = (task.m, task.k, *(task.parts or (task.n,)))
    numbers = sorted(int(number) for number in re.findall(r"\d+", line))
    assert numbers == sorted([7, *(size for size in sizes if size is not None)])


def test_a_worked_example_shows_p_and_with_cot_the_kinds() -> None:
    worked = Worked((PATH, RING), 0.5, ("tree", "cycle"))
    few = distribution_prompt("trees-or-cycles", "few-shot", [RING], 3, worked)
    cot = distribution_prompt("trees-or-cycles", "cot", [RING], 3, worked)
    assert "\np = 0.5\nYour graphs:\nGraph 1: (3, [(1, 2), (1, 3), (2, 3)])" in few
    assert "Kinds: 1 tree, 2 cycle\np = 0.5" in cot and "Kinds:" not in few
    assert kinds_line(("a+b", "c")) == "Kinds: 1 a+b, 2 c"


@pytest.mark.parametrize("p", [0, 0.05, 1 / 3, 0.4, 0.999, 1])
def test_a_written_share_reads_back(p: float) -> None:
    assert parse_reply(f"p = {share_text(p)}", 1).p == pytest.approx(p, abs=0.005)


def test_a_prompt_is_one_user_message() -> None:
    assert messages("Hello") == [{"role": "user", "content": "Hello"}]


def test_bad_requests_are_refused_with_the_reason() -> None:
    task = preset("cycles", "small")
    with pytest.raises(ValueError, match="did you mean 'few-shot-cot'"):
        rule_prompt(task, "few-shot-cott")
    with pytest.raises(
        ValueError, match="'few-shot' needs at least one example, got 0"
    ):
        rule_prompt(task, "few-shot")
    with pytest.raises(ValueError, match="'zero-shot' needs no examples, got 1"):
        rule_prompt(task, "zero-shot", examples=[RING])
    with pytest.raises(ValueError, match="amount must be at least 1, got 0"):
        rule_prompt(task, "zero-shot", 0)
    with pytest.raises(ValueError, match="unknown kind 'circle'"):
        pair_prompt(("tree", "circle"), "zero-shot")
    with pytest.raises(
        ValueError, match=r"unknown distribution 'motifs'; did you mean 'motif'"
    ):
        distribution_prompt("motifs", "cot", [RING])
    with pytest.raises(ValueError, match="needs at least one graph"):
        distribution_prompt("motif", "cot", [])
    with pytest.raises(ValueError, match="'few-shot' needs an example"):
        distribution_prompt("motif", "few-shot", [RING])
    with pytest.raises(ValueError, match="'zero-shot' needs no example"):
        distribution_prompt("motif", "zero-shot", [RING], 1, Worked([RING], 0.5))
    with pytest.raises(ValueError, match=r"must be in \[0, 1\], got 1.5"):
        distribution_prompt("motif", "few-shot", [RING], 1, Worked([RING], 1.5))
    with pytest.raises(ValueError, match="needs the kind of each graph"):
        distribution_prompt("motif", "cot", [RING], 1, Worked([RING], 0.5))
    with pytest.raises(ValueError, match="amount must be at least 1"):
        distribution_prompt("motif", "cot", [RING], 0)
    with pytest.raises(ValueError, match="unknown method 'zero-shot'"):
        molecule_prompt("is red", ["C"], "zero-shot")
    with pytest.raises(ValueError, match="needs at least one molecule"):
        molecule_prompt("is red", [], "few-shot")
