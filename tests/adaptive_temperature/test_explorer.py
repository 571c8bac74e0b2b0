"""The explorer: what it shows is what was drawn, and what the sandbox said."""

from __future__ import annotations

import dataclasses
import re

import pytest
from bs4 import BeautifulSoup

from helpers.adaptive_temperature.explorer import (
    SamplerExplorer,
    describe,
    sampler_explorer,
    verdict_html,
)
from helpers.adaptive_temperature.program_samples import CallVerdict, ProgramSamples
from helpers.adaptive_temperature.token_view import RETURN
from helpers.sandbox.sandbox import Sandbox, available_tiers
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict
from tests.adaptive_temperature.small_decoder import (
    PROMPT,
    SOLUTION,
    WRONG,
    decoder,
    problems,
)


@pytest.fixture(scope="module")
def sandbox():
    if set(available_tiers()) <= {"process", "container"}:
        pytest.skip("no tier of the sandbox above `process` on this machine")
    with Sandbox(workers=1) as opened:
        yield opened


class Records:
    """Stands in for a sandbox: keeps the jobs, passes every second one."""

    def __init__(self) -> None:
        self.jobs: list = []

    def run_many(self, jobs):
        self.jobs += jobs
        kinds = (Verdict.PASS, Verdict.WRONG)
        return [Outcome(kinds[i % 2]) for i in range(len(jobs))]

    def run(self, job):
        return self.run_many([job])[0]


def lab(sandbox=None, **options) -> ProgramSamples:
    options = {"count": 3, "max_new_tokens": 12, **options}
    return ProgramSamples(*decoder(), problems(), sandbox, **options)


def explorer(sandbox=None, **options) -> SamplerExplorer:
    return SamplerExplorer(lab(sandbox, **options), a=1.2, b=0.3)


def cards(view: SamplerExplorer) -> list:
    return [card.children for card in view.box.children[-1].children]


def status(view: SamplerExplorer) -> str:
    return view.box.children[-3].value


def test_cards_show_what_was_drawn():
    view = explorer()
    expected = lab().draw(PROMPT, "line-word", 1.2, 0.3, 0)
    assert view.samples == expected
    for (text, button, verdict), sample in zip(cards(view), expected, strict=True):
        page = BeautifulSoup(text.value, "html.parser")
        body = "".join(token.text for token in sample.tokens)
        assert page.pre.get_text().replace(RETURN, "") == body
        assert button.disabled and not verdict.value
    assert describe(expected, "line-word", {"a": 1.2, "b": 0.3, "seed": 0}) in status(
        view
    )


def test_every_control_draws_anew():
    view = explorer()
    view.controls["seed"].value = 5
    assert view.samples == lab().draw(PROMPT, "line-word", 1.2, 0.3, 5)
    view.controls["a"].value = 2.0
    assert view.samples == lab().draw(PROMPT, "line-word", 2.0, 0.3, 5)
    view.controls["b"].value = 0.9
    assert view.samples == lab().draw(PROMPT, "line-word", 2.0, 0.9, 5)
    view.controls["rule"].value = "anti"
    assert view.samples == lab().draw(PROMPT, "anti", 2.0, 0.9, 5)
    assert "anti, a = 2, b = 0.9, seed 5: " in status(view)
    view.controls["problem"].value = "code/sum"
    changed = problems()[1].prompt
    assert view.prompt.value == changed
    assert view.samples == lab().draw(changed, "anti", 2.0, 0.9, 5)
    view.prompt.value = PROMPT + "    "
    assert view.samples == lab().draw(PROMPT + "    ", "anti", 2.0, 0.9, 5)


def test_rules_of_one_temperature_have_no_b():
    view = explorer()
    view.controls["rule"].value = "uniform"
    assert view.controls["b"].disabled
    heat = {round(t.temperature, 6) for s in view.samples for t in s.tokens}
    assert heat == {1.2}
    view.controls["rule"].value = "entropy"
    heat = {t.temperature for s in view.samples for t in s.tokens}
    assert len(heat) > 5 and max(heat) < 1.2001
    assert "entropy, a = 1.2, seed 0: " in status(view)
    assert view.controls["b"].disabled
    view.controls["rule"].value = "block"
    assert not view.controls["b"].disabled


def test_rules_are_those_of_the_vocabulary():
    assert lab().rules[0] == "uniform" and "release" in lab().rules
    made = lab()
    made.__dict__["flags"] = dataclasses.replace(
        made.flags, texts=tuple(t.replace(" " * 4, "x") for t in made.flags.texts)
    )
    assert "release" not in made.rules and "line-word" in made.rules


def test_unknown_words_are_named_and_escaped():
    view = explorer()
    view.prompt.value = "def solve(xs):\n    <b>zzz</b>\n"
    page = BeautifulSoup(status(view), "html.parser")
    assert "does not know" in page.get_text() and "zzz" in page.get_text()
    assert page.find("b") is None


def test_bad_prompts_are_said_and_raised_headless(monkeypatch):
    view = explorer()
    view.prompt.value = "x = 1\n" * 200
    assert "role='alert'" in status(view) and "context of 128" in status(view)
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    with pytest.raises(ValueError, match="context of 128"):
        view.redraw()


def test_a_button_runs_its_sample_with_the_problems_tests():
    records = Records()
    view = explorer(records)
    _, button, verdict = cards(view)[1]
    assert not button.disabled
    button.click()
    assert [job.source for job in records.jobs] == 3 * [PROMPT + view.samples[1].text]
    assert [job.tests.calls for job in records.jobs] == [
        (call,) for call in problems()[0].test.calls
    ]
    page = BeautifulSoup(verdict.value, "html.parser")
    assert page.get_text().startswith("2 of 3 tests pass")
    assert "solve([1, 2]) == 3" in page.get_text()
    assert not button.disabled and button.description == "Run in the sandbox"
    view.controls["seed"].value = 1
    assert not verdict.value  # the sample is another one


def test_programs_are_judged_call_by_call(sandbox):
    made = lab(sandbox)
    rows = made.run("family/sum", PROMPT, SOLUTION)
    assert [row.outcome.verdict for row in rows] == 3 * [Verdict.PASS]
    rows = made.run("family/sum", PROMPT, WRONG)
    found = [row.outcome.verdict for row in rows]
    assert found == [Verdict.WRONG, Verdict.PASS, Verdict.EXC]
    assert rows[0].call == "solve([1, 2])" and rows[0].expected == "3"
    (row,) = made.run("code/sum", PROMPT, SOLUTION)
    assert row.outcome.passed and row.call == "check(solve)"
    rows = made.run("family/sum", "def solve(xs)\n", SOLUTION)
    assert {row.outcome.verdict for row in rows} == {Verdict.COMPILE}


def test_failures_of_the_sandbox_are_no_verdict(monkeypatch):
    class Broken(Records):
        def run_many(self, jobs):
            raise SandboxError("no <judge>")

    view = explorer(Broken())
    view.run(0)
    verdict = cards(view)[0][2].value
    assert "role='alert'" in verdict and "no &lt;judge&gt;" in verdict


def test_what_does_not_parse_is_said_once():
    row = CallVerdict("f(1)", "2", Outcome(Verdict.COMPILE, "SyntaxError"))
    text = BeautifulSoup(verdict_html(3 * [row]), "html.parser").get_text()
    assert text == "0 of 3 tests pass: COMPILE(SyntaxError)"


def test_verdicts_are_escaped_and_shortened():
    row = CallVerdict("f('<b>')", "'&'", Outcome(Verdict.EXC, "<i>"))
    page = BeautifulSoup(verdict_html([row]), "html.parser")
    assert page.find("i") is None and page.find("b").get_text() == "0 of 1 tests pass"
    records = Records()
    made = lab(records)
    long = dataclasses.replace(
        made.by_name["family/sum"].test, calls=(((list(range(99)),), 1),)
    )
    made.by_name["x"] = dataclasses.replace(made.by_name["family/sum"], test=long)
    (row,) = made.run("x", PROMPT, SOLUTION)
    assert len(row.call) < 70 and row.call.endswith("…)")


def test_headless_every_control_is_tried(monkeypatch):
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    displayed: list = []
    monkeypatch.setattr("IPython.display.display", displayed.append)
    tried = []
    original = ProgramSamples.draw

    def record(self, prompt, rule, a, b, seed):
        tried.append((prompt, rule, a, b, seed))
        return original(self, prompt, rule, a, b, seed)

    monkeypatch.setattr(ProgramSamples, "draw", record)
    records = Records()
    sampler_explorer(*decoder(), problems(), records, max_new_tokens=20)
    prompts, rules, hot, cold, seeds = map(set, zip(*tried, strict=True))
    assert prompts == {problem.prompt for problem in problems()}
    assert {"uniform", "line-word", "entropy"} <= rules
    assert {0.1, 0.8, 2.0} <= hot and {0.1, 0.2, 2.0} <= cold and {0, 20} <= seeds
    assert len(records.jobs) == 3
    still, box = displayed
    assert "tests pass" in still.data and "nats" in still.data and box.children

    def broken(self, prompt, rule, a, b, seed):
        if seed == 20:
            raise KeyError("x")
        return original(self, prompt, rule, a, b, seed)

    monkeypatch.setattr(ProgramSamples, "draw", broken)
    with pytest.raises(KeyError) as caught:
        sampler_explorer(*decoder(), problems(), max_new_tokens=20)
    assert re.search("explorer setting: .*'seed': 20", caught.value.__notes__[0])


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="there is no problem"):
        sampler_explorer(*decoder(), [])
    with pytest.raises(ValueError, match="two problems are called 'family/sum'"):
        sampler_explorer(*decoder(), problems() + problems())
    with pytest.raises(ValueError, match="did you mean 'line-word'"):
        sampler_explorer(*decoder(), problems(), rule="line-wrd")
    with pytest.raises(ValueError, match="did you mean 'code/sum'"):
        lab().run("code/sun", PROMPT, SOLUTION)
    with pytest.raises(ValueError, match="no sandbox was given"):
        lab().run("code/sum", PROMPT, SOLUTION)
