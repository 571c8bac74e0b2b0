"""Counting, de-duplication and resuming, with a runner that executes nothing."""

from collections import Counter
from dataclasses import replace
from itertools import groupby

import pytest

from helpers.adaptive_temperature import scoring
from helpers.adaptive_temperature.ledger import Ledger
from helpers.adaptive_temperature.pass_at_k import pass_at_k
from helpers.adaptive_temperature.problems import Problem
from helpers.adaptive_temperature.samples import Samples
from helpers.adaptive_temperature.scoring import score
from helpers.sandbox.jobs import Cases, Check
from helpers.sandbox.limits import Limits
from helpers.sandbox.verdicts import Outcome, SandboxError, Verdict

PROBLEMS = [
    Problem("T/0", "def f():\n", "f", "def check(candidate):\n    candidate()\n"),
    Problem("T/1", "def g():\n", "g", Cases((((), {"a", "b"}),))),
    Problem("T/2", "def h():\n", "h", "def check(candidate):\n    candidate()\n"),
]
SAMPLES = {
    "T/0": ["pass", "pass", "wrong", "compile", "compile"],
    "T/1": Counter({"wrong": 4, "pass": 1, "exc": 0}),
    "T/2": ["wrong", "exc", "exc", "other", "exc"],
}
VERDICTS = {
    "pass": Outcome(Verdict.PASS),
    "wrong": Outcome(Verdict.WRONG, "case 1"),
    "compile": Outcome(Verdict.COMPILE, "SyntaxError"),
    "exc": Outcome(Verdict.EXC, "NameError"),
}


class Table:
    """Looks the last line of a program up instead of running it."""

    def __init__(self, breaks_after=10**9, verdicts=VERDICTS):
        self.limits, self.tier, self.hash_seed = Limits(), "table", 0
        self.ran = []
        self.left = breaks_after
        self.verdicts = verdicts

    def run_many(self, jobs, *, progress=None, done=None):
        for job in jobs:
            if not self.left:
                raise SandboxError("no memory for a judge")
            self.left -= 1
            self.ran.append(job.source)
            word = job.source.splitlines()[-1]
            done(job, self.verdicts.get(word, Outcome(Verdict.WRONG)))
        return []


def test_counts_per_problem():
    table = Table()
    found = score(PROBLEMS, SAMPLES, sandbox=table, progress=False)
    assert found.counts.to_dict("list") == {
        "task_id": ["T/0", "T/1", "T/2"],
        "n": [5, 5, 5],
        "c": [2, 1, 0],
        "distinct": [3, 2, 3],
        "valid": [3, 5, 5],
    }
    assert (found.passes, found.solved, found.tier) == (3, 2, "table")
    for k in (1, 3, 5):
        assert found.pass_at(k) == pytest.approx(pass_at_k(5, [2, 1, 0], k).mean())
    interval = found.interval(1, seed=0)
    assert interval["low"] <= interval["value"] == found.pass_at(1) <= interval["high"]
    assert found.verdicts().to_dict() == {"WRONG": 7, "EXC": 3, "PASS": 3, "COMPILE": 2}
    assert len(found.outcomes) == len(table.ran) == 8
    assert found.outcomes["count"].sum() == 15
    row = found.outcomes.iloc[2]
    assert (row["task_id"], row["count"], row["verdict"]) == ("T/0", 2, "COMPILE")
    assert row["detail"] == "SyntaxError"


def test_equal_programs_run_once_also_across_problems():
    twins = [PROBLEMS[0], replace(PROBLEMS[0], task_id="T/twin")]
    table = Table()
    found = score(
        twins,
        {"T/0": ["pass"], "T/twin": ["pass", "wrong"]},
        sandbox=table,
        progress=False,
    )
    assert len(table.ran) == 2 and found.counts["c"].tolist() == [1, 1]


def test_the_same_program_with_other_tests_is_another():
    other = replace(PROBLEMS[0], task_id="T/3", test="def check(candidate):\n    1\n")
    table = Table()
    samples = {"T/0": ["pass"], "T/3": ["pass"]}
    score([PROBLEMS[0], other], samples, sandbox=table, progress=False)
    assert len(table.ran) == 2


def test_samples_and_whole_programs():
    table = Table()
    samples = Samples({"T/0": ("pass",)}, whole=True)
    score(PROBLEMS[:1], samples, sandbox=table, progress=False)
    score(PROBLEMS[:1], {"T/0": ["pass"]}, sandbox=table, progress=False)
    score(PROBLEMS[:1], {"T/0": ["pass"]}, sandbox=table, progress=False, whole=True)
    assert table.ran == ["pass", "def f():\npass", "pass"]


def test_a_pass_must_repeat(tmp_path):
    """A second sandbox finds what passed by luck, and runs nothing else."""
    path = tmp_path / "ledger.jsonl"
    samples = {"T/0": ["pass", "luck", "luck", "wrong"]}
    lucky = Table(verdicts=VERDICTS | {"luck": VERDICTS["pass"]})
    second = Table()
    second.hash_seed = 1
    for ran in (2, 2):  # the second time from the ledger
        found = score(
            PROBLEMS[:1],
            samples,
            sandbox=lucky,
            confirm=second,
            ledger=path,
            progress=False,
        )
        assert found.passes == 1 and len(second.ran) == ran and len(lucky.ran) == 3
        row = found.outcomes.iloc[1]
        assert (row["verdict"], row["detail"]) == ("WRONG", "not repeatable")
    assert score(PROBLEMS[:1], samples, sandbox=lucky, progress=False).passes == 3


def test_a_ledger_resumes(tmp_path):
    path = tmp_path / "ledger.jsonl"
    broken = Table(breaks_after=5)
    with pytest.raises(SandboxError):
        score(PROBLEMS, SAMPLES, sandbox=broken, ledger=path, progress=False)
    assert len(path.read_text().splitlines()) == 5  # and nothing of the failure
    rest = Table()
    found = score(PROBLEMS, SAMPLES, sandbox=rest, ledger=path, progress=False)
    assert len(rest.ran) == 3 and not set(rest.ran) & set(broken.ran)
    fresh = score(PROBLEMS, SAMPLES, sandbox=Table(), progress=False)
    assert found.outcomes.equals(fresh.outcomes) and found.counts.equals(fresh.counts)
    none = Table(breaks_after=0)
    score(PROBLEMS, SAMPLES, sandbox=none, ledger=path, progress=False)


def test_samplers_can_share_a_ledger_in_memory():
    table = Table()
    with Ledger(None) as ledger:
        for texts in (["pass", "wrong"], ["wrong", "exc", "exc"]):
            score(
                PROBLEMS[:1],
                {"T/0": texts},
                sandbox=table,
                ledger=ledger,
                progress=False,
            )
        assert len(table.ran) == len(ledger) == 3


@pytest.mark.parametrize("change", ["limits", "tier", "seed", "version", "tests"])
def test_a_ledger_is_of_one_setting(tmp_path, change, monkeypatch):
    path = tmp_path / "ledger.jsonl"
    score(PROBLEMS, SAMPLES, sandbox=Table(), ledger=path, progress=False)
    table, problems, anew = Table(), PROBLEMS, 8
    if change == "limits":
        table.limits = Limits(cpu_seconds=1.0)
    elif change == "tier":
        table.tier = "chair"
    elif change == "seed":
        table.hash_seed = 1
    elif change == "version":
        monkeypatch.setattr(scoring, "_code", lambda: "other")
    else:
        test = "def check(candidate):\n    assert candidate()\n"
        problems, anew = [replace(PROBLEMS[0], test=test), *PROBLEMS[1:]], 3
    score(problems, SAMPLES, sandbox=table, ledger=path, progress=False)
    assert len(table.ran) == anew


@pytest.mark.parametrize(
    ("problems", "samples", "message"),
    [
        (PROBLEMS[:2], {"T/0": ["x"]}, "1 of 2 problems have no sample, such as 'T/1'"),
        (PROBLEMS[:2], {"T/0": ["x"], "T/1": []}, "1 of 2 problems have no sample"),
        (PROBLEMS[:1], {"T/0": Counter(x=0)}, "1 of 1 problems have no sample"),
        (PROBLEMS[:1], {"T/0": "pass"}, "samples of 'T/0' are one text"),
        (PROBLEMS[:1], {"T/0": ["x"], "t/0": ["x"]}, "id 't/0'; did you mean 'T/0'"),
        ([PROBLEMS[0]] * 2, {"T/0": ["x"]}, "two problems have the id 'T/0'"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(problems, samples, message):
    table = Table()
    with pytest.raises(ValueError, match=message):
        score(problems, samples, sandbox=table, progress=False)
    assert not table.ran


def test_tests_as_texts_do_not_depend_on_the_order_of_sets():
    """Integers that collide make a set's order that of their insertion."""
    a, b = {0, 2**61 - 1}, {2**61 - 1, 0}
    assert a == b and list(a) != list(b)
    values = [{"x": (a, [frozenset(a)])}, {"x": (b, [frozenset(b)])}]
    texts = [scoring._tests(Cases((((value,), 1),))) for value in values]
    assert texts[0] == texts[1]


def test_tests_of_different_types_or_values_are_told_apart():
    different = [
        Cases((((1,), 1),)),
        Cases((((1,), True),)),
        Cases((((1,), 1.0),)),
        Cases((((1,), "1"),)),
        Cases((((1,), [1]),)),
        Cases((((1,), (1,)),)),
        Cases((((1,), {1}),)),
        Cases((((1,), frozenset({1})),)),
        Cases((((1,), {1: 1}),)),
        Cases((((1,), 1),), policy="python"),
        Cases((((1, 1), 1),)),
        Check("1"),
        Check("1", "1"),
    ]
    texts = [scoring._tests(tests) for tests in different]
    same = [list(group) for _, group in groupby(sorted(texts))]
    assert [len(group) for group in same] == [1] * len(different)
