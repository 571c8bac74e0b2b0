"""Training documents of the distribution tasks say what their graphs are."""

from __future__ import annotations

import re

import numpy as np
import pytest

from helpers.graph_generation.distribution_documents import (
    GIVEN,
    distribution_document,
    episode_reply,
    worked_example,
)
from helpers.graph_generation.distributions import (
    DISTRIBUTIONS,
    draw_episode,
    is_target,
    kind,
)
from helpers.graph_generation.reply_parser import parse_reply


def task_of(prompt):
    words = {"otherwise a cycle": DISTRIBUTIONS[0], "2 components": DISTRIBUTIONS[1]}
    return next((t for word, t in words.items() if word in prompt), DISTRIBUTIONS[2])


def test_replies_parse_and_graphs_are_of_the_task() -> None:
    rng = np.random.default_rng(0)
    seen = set()
    for i in range(200):
        document = distribution_document(i / 200, rng)
        task = task_of(document.prompt)
        amount = int(re.search(r"give me (\d+) more", document.prompt)[1])
        reply = parse_reply(document.reply, amount)
        assert reply.p is not None
        assert 10 * reply.p == pytest.approx(round(10 * reply.p))
        assert all(kind(task, answer.graph) is not None for answer in reply.answers)
        given = document.prompt.split("Your graphs:")[-1]
        assert len(re.findall(r"\nGraph \d+:", given)) == GIVEN
        names = re.match(r"Kinds: (.*)\n", document.reply)
        assert (names is not None) == ("step by step" in document.prompt)
        if names:  # the kinds are those of the given graphs, and p their share
            numbers, kinds = zip(
                *[name.split(" ") for name in names[1].split(", ")], strict=True
            )
            assert list(map(int, numbers)) == list(range(1, GIVEN + 1))
            texts = re.findall(r"\nGraph (\d+): (.*)", given)
            graphs = parse_reply(
                "\n".join(f"Answer {i}: {text}" for i, text in texts), GIVEN
            ).answers
            assert list(kinds) == [kind(task, answer.graph) for answer in graphs]
            assert reply.p == np.mean([is_target(task, name) for name in kinds])
        seen.add((task, names is not None, "Example" in document.prompt))
    assert len(seen) == 3 * 4


@pytest.mark.parametrize("method", ["zero-shot", "cot"])
def test_graphs_are_drawn_with_the_stated_p(method) -> None:
    rng = np.random.default_rng(1)
    episode = draw_episode("trees-or-cycles", 0.8, rng)
    said, share = [], []
    for _ in range(60):
        reply = parse_reply(episode_reply(episode, method, 10, rng), 10)
        kinds = [kind(episode.task, answer.graph) for answer in reply.answers]
        said.append(reply.p)
        share.append(np.mean([name == "tree" for name in kinds]))
    assert set(said) == {round(episode.share, 1) if method == "cot" else 0.8}
    assert np.mean(share) == pytest.approx(said[0], abs=0.06)


def test_examples_show_what_the_method_learns() -> None:
    rng = np.random.default_rng(2)
    example = worked_example("union", "cot", rng)
    targets = [is_target("union", name) for name in example.kinds]
    assert example.p == round(np.mean(targets), 1)
