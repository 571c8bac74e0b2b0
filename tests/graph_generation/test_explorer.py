"""The explorers: what they show is what the model said, or what was typed."""

from __future__ import annotations

import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

from helpers.graph_generation.distribution_documents import EXAMPLE, worked_example
from helpers.graph_generation.distributions import draw_episode
from helpers.graph_generation.explorer import (
    EXAMPLES,
    DistributionExplorer,
    RuleExplorer,
    distribution_explorer,
    rule_explorer,
)
from helpers.graph_generation.generators import random_valid
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.prompts import TEMPLATE, distribution_prompt
from helpers.graph_generation.tasks import preset
from helpers.llm.backend import BackendError, Completion

AMOUNT = 3
RING = Graph.of(7, [(i, i % 7 + 1) for i in range(1, 8)])
OTHER = Graph.of(7, [(1, 3), (2, 3), (2, 4), (4, 5), (5, 6), (6, 7), (1, 7)])
PATH = Graph.of(7, [(i, i + 1) for i in range(1, 7)])


def reply(*graphs: Graph | None, p: float | None = None) -> str:
    lines = [] if p is None else [f"p = {p}"]
    for i, graph in enumerate(graphs, start=1):
        lines.append(f"Answer {i}: {graph.text if graph else 'sorry'}")
    return "\n".join(lines)


class Scripted:
    """A backend that always says the same and keeps what it was asked."""

    name = "scripted"

    def __init__(self, text: str) -> None:
        self.text = text
        self.requests: list = []

    def complete(self, requests):
        for request in requests:
            self.requests.append(request)
            if "<fail>" in self.text:
                raise BackendError("no <model>")
            yield Completion(self.text)


def rules(text: str | None = None, **options) -> RuleExplorer:
    text = reply(RING, OTHER, PATH) if text is None else text
    return RuleExplorer(Scripted(text), amount=AMOUNT, **options)


def said(view) -> str:
    return BeautifulSoup(view.status.value, "html.parser").get_text()


def test_the_models_reply_is_shown_and_scored():
    view = rules()
    (request,) = view.backend.requests
    assert "a cycle with 7 nodes" in request.prompt and request.template == TEMPLATE
    assert (request.sampling.temperature, request.sampling.seed) == (0.8, 0)
    assert request.prompt in BeautifulSoup(view.prompt.value, "html.parser").get_text()
    assert view.reply.value == reply(RING, OTHER, PATH)
    assert [verdict.valid for verdict in view.checks] == [True, True, False]
    assert "2 of 3 valid, 3 distinct, 0 copied" in said(view)
    assert said(view).endswith("at once: 2")
    assert bytes(view.picture.value).startswith(b"\x89PNG")


def test_an_edited_reply_is_scored_again_without_asking():
    view = rules()
    before = view.picture.value
    view.reply.value = reply(RING, RING, None)
    assert len(view.backend.requests) == 1
    assert "2 of 3 valid, 1 distinct" in said(view) and "at once: 1" in said(view)
    assert view.picture.value != before
    view.reply.value = ""
    assert "0 of 3 valid, 0 distinct" in said(view)


def test_every_control_asks_anew():
    view = rules()
    view.reply.value = "typed"
    view.controls["temperature"].value = 0.0
    view.controls["seed"].value = 4
    last = view.backend.requests[-1]
    assert (last.sampling.temperature, last.sampling.seed) == (0.0, 4)
    assert view.reply.value == reply(RING, OTHER, PATH)
    view.controls["size"].value = "small"
    assert "a cycle with 10 nodes" in view.backend.requests[-1].prompt
    assert "0 of 3 valid" in said(view)
    view.controls["rule"].value = "wheel"
    assert "be a wheel with 10 nodes" in view.backend.requests[-1].prompt
    assert len(view.backend.requests) == 5


def test_copies_of_the_examples_are_counted():
    rng = np.random.default_rng(0)
    copied = random_valid(preset("cycles", "tiny"), rng)
    view = rules(reply(copied, copied, RING))
    view.controls["method"].value = "few-shot"
    prompt = view.backend.requests[-1].prompt
    assert f"Graph 1: {copied.text}" in prompt
    assert len(re.findall(r"Graph \d", prompt)) == EXAMPLES
    assert "3 of 3 valid, 2 distinct, 2 copied" in said(view)
    assert said(view).endswith("at once: 1")


def test_failures_are_said_and_raised_headless(monkeypatch):
    view = rules("<fail>")
    assert "role='alert'" in view.status.value and "no <model>" in said(view)
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    with pytest.raises(BackendError):
        view.redraw()


def test_text_of_the_prompt_and_status_is_escaped():
    view = rules()
    view.backend.text = "<fail>"
    view.redraw()
    assert BeautifulSoup(view.status.value, "html.parser").find("model") is None


def distribution(text: str, **options) -> DistributionExplorer:
    return DistributionExplorer(Scripted(text), amount=AMOUNT, **options)


def test_the_distribution_panel_compares_given_stated_and_generated():
    view = distribution(reply(PATH, RING, Graph(7, ()), p=0.4))
    episode = draw_episode("trees-or-cycles", 0.8, np.random.default_rng(0), AMOUNT)
    assert view.episode == episode
    prompt = view.backend.requests[0].prompt
    assert all(graph.text in prompt for graph in episode.graphs)
    assert view.answer_p == 0.4
    assert said(view) == (
        f"p = 0.8; targets among the given graphs: {episode.share:.0%}; stated: 40%; "
        "among the valid ones of 3 generated: 50% (2 valid)"
    )
    view.reply.value = "p = 1"
    assert "stated: 100%" in said(view) and "generated: nothing (0 valid)" in said(view)
    view.controls["p"].value = 0.0
    assert view.episode.share == 0 and view.episode.p == 0


def test_worked_examples_come_with_the_methods_that_have_them():
    view = distribution(reply(PATH, p=0.5))
    view.controls["method"].value = "few-shot"
    assert "Example:" in view.backend.requests[-1].prompt
    assert "Kinds: 1" not in view.backend.requests[-1].prompt
    view.controls["method"].value = "cot"
    assert re.search(r"Kinds: 1 (tree|cycle)", view.backend.requests[-1].prompt)
    view.controls["distribution"].value = "motif"
    assert "Each graph is a base and a motif" in view.backend.requests[-1].prompt


@pytest.mark.parametrize("method", ["few-shot", "cot"])
def test_the_worked_example_has_the_form_of_training(method):
    view = distribution(reply(PATH, p=0.5))
    view.controls["method"].value = method
    rng = np.random.default_rng(0)
    example = worked_example("trees-or-cycles", method, rng)
    episode = draw_episode("trees-or-cycles", 0.8, rng, AMOUNT)
    assert view.episode == episode and len(example.graphs) == EXAMPLE
    assert view.backend.requests[-1].prompt == distribution_prompt(
        "trees-or-cycles", method, episode.graphs, AMOUNT, example
    )
    assert re.findall(r"p = (\d\.\d+)", view.backend.requests[-1].prompt) == [
        f"{example.p:.1f}"
    ]


@pytest.mark.parametrize("start", [rule_explorer, distribution_explorer])
def test_headless_every_control_is_tried(start, monkeypatch):
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    displayed: list = []
    monkeypatch.setattr("IPython.display.display", displayed.append)
    backend = Scripted(reply(PATH, p=0.5))
    start(backend, amount=1)
    asked = {(r.sampling.temperature, r.sampling.seed) for r in backend.requests}
    assert {t for t, _ in asked} >= {0.0, 1.5} and {s for _, s in asked} >= {0, 20}
    said, picture, box = displayed
    assert "valid" in said.data and picture.data.startswith(b"\x89PNG")
    assert box.children[-1].value == picture.data
    if start is rule_explorer:
        prompts = " ".join(request.prompt for request in backend.requests)
        assert "be a tree" in prompts and "colourable" in prompts

    class Broken(Scripted):
        def complete(self, requests):
            for request in requests:
                if request.sampling.seed == 20:
                    raise KeyError("x")
                yield from super().complete([request])

    with pytest.raises(KeyError) as caught:
        start(Broken(reply(PATH)), amount=1)
    assert re.search("explorer setting: .*'seed': 20", caught.value.__notes__[0])


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="did you mean 'cycles'"):
        rules(rule="cycels")
    with pytest.raises(ValueError, match="did you mean 'tiny'"):
        rules(sizes=("tinny",))
