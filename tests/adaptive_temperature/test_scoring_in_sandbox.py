"""Real programs in the sandbox: odd completions, canonical solutions, real samples."""

import pytest

from helpers.adaptive_temperature.extraction import ends_early, extract, tally
from helpers.adaptive_temperature.problems import (
    CANONICAL_FAILURES,
    Problem,
    read_humaneval,
    read_mbpp,
    reference_program,
)
from helpers.adaptive_temperature.samples import read_samples
from helpers.adaptive_temperature.scoring import score
from helpers.paths import user_data
from helpers.sandbox.limits import Limits
from helpers.sandbox.sandbox import Sandbox

PROBLEM = Problem(
    "Tiny/0",
    'import math\n\n\ndef area(r):\n    """Area of a circle, in whole units."""\n',
    "area",
    "def check(candidate):\n    assert (candidate(1), candidate(2)) == (3, 12)\n",
)
BODY = "    return int(math.pi * r * r)\n"


def _open(hash_seed, cpu_seconds=4.0):
    limits = Limits(cpu_seconds=cpu_seconds, wall_seconds=max(20.0, 5 * cpu_seconds))
    try:
        return Sandbox(2, limits, hash_seed=hash_seed)
    except RuntimeError as error:
        pytest.skip(f"no sandbox here: {error}")


@pytest.fixture(scope="module")
def sandbox():
    with _open(1) as opened:
        yield opened


@pytest.fixture(scope="module")
def patient():
    """A sandbox for programs that are known to end: one of MBPP's needs seconds."""
    with _open(1, cpu_seconds=40.0) as opened:
        yield opened


@pytest.mark.parametrize(
    ("answer", "verdict", "detail"),
    [
        (BODY, "PASS", ""),
        ("", "WRONG", ""),
        ("   \n\n", "WRONG", ""),
        ("    # nothing but a remark\n", "WRONG", ""),
        ("return 3\n", "COMPILE", "SyntaxError"),
        (BODY + "\n\ndef area(r):\n    return 0\n", "PASS", ""),
        (BODY + "print(area(1))\nx = area(2) / 0\n", "EXC", "ZeroDivisionError"),
        (BODY + "\nif __name__ == '__main__':\n    1 / 0\n", "PASS", ""),
        (PROBLEM.prompt + BODY, "PASS", ""),
        ("def area(r):\n" + BODY, "PASS", ""),
        ("    return int(math.pi * r *", "COMPILE", "SyntaxError"),
        ("    return int(np.pi * r * r)\n", "EXC", "NameError"),
    ],
)
def test_odd_completions(sandbox, answer, verdict, detail):
    text = extract(answer, PROBLEM.prompt, "area").text
    found = score([PROBLEM], {"Tiny/0": [text]}, sandbox=sandbox, progress=False)
    row = found.outcomes.iloc[0]
    assert (row["verdict"], row["detail"]) == (verdict, detail)


def test_a_whole_program_brings_its_own_imports(sandbox):
    program = "def area(r):\n" + BODY
    samples = {"Tiny/0": [program, "import math\n" + program]}
    found = score([PROBLEM], samples, sandbox=sandbox, whole=True, progress=False)
    assert found.outcomes["detail"].tolist() == ["NameError", ""]


def test_a_pass_by_the_luck_of_the_hash_seed(sandbox):
    """Each completion bets on the second item of a set; the last one does not bet."""
    test = "def check(candidate):\n    assert candidate()\n"
    problem = Problem("Tiny/1", "def f():\n", "f", test)
    bets = [f"    return [*{{*'abcdefgh'}}][1] == {x!r}\n" for x in "abcdefgh"]
    samples = {"Tiny/1": [*bets, "    return True\n"]}

    def passed(**sandboxes):
        found = score([problem], samples, **sandboxes, progress=False).outcomes
        return set(found.index[found["verdict"] == "PASS"])

    with _open(0) as confirm:
        first, second = passed(sandbox=sandbox), passed(sandbox=confirm)
        assert len(first) == len(second) == 2 and first != second
        assert passed(sandbox=sandbox, confirm=confirm) == first & second == {8}


def data(name):
    folder = user_data()
    if folder is None or not (folder / name).is_file():
        pytest.skip(f"set CURRICULUM_DATA to a folder with {name}")
    return folder / name


def canonical(problems, sandbox):
    """Problems whose canonical solution fails."""
    programs = {p.task_id: [reference_program(p)] for p in problems}
    found = score(problems, programs, sandbox=sandbox, whole=True, progress=False)
    failed = found.outcomes[found.outcomes["verdict"] != "PASS"]
    return failed.set_index("task_id")["detail"].to_dict()


def test_all_canonical_solutions_of_humaneval_pass(patient):
    problems = read_humaneval(data("humaneval/HumanEval.jsonl.gz"))
    assert canonical(problems, patient) == {}


def test_all_canonical_solutions_of_mbpp_pass_but_three(patient):
    problems = read_mbpp(data("mbpp/mbpp_sanitized.jsonl"))
    assert len(problems) == 427
    assert canonical(problems, patient) == dict.fromkeys(
        CANONICAL_FAILURES, "TypeError"
    )


def test_the_authors_own_samples():
    """2,460 completions of CodeGeeX-13B under AdapT: pass@15 is 40.85, printed 40.9.

    Programs that never end make up more than half of its processor time; of those that
    pass, none needs a hundredth of a second.
    """
    problems = read_humaneval(data("humaneval/HumanEval.jsonl.gz"))
    samples = read_samples(
        data("humaneval/codegeex13b_adapt_samples.jsonl.gz"), problems
    )
    assert samples.report() == "164 problems, 2460 samples (15 each), 226 repeats"
    with _open(0, cpu_seconds=1.0) as first, _open(1, cpu_seconds=1.0) as second:
        found = score(problems, samples, sandbox=first, confirm=second, progress=False)
    assert (found.passes, found.solved) == (382, 67)
    percent = [round(100 * found.pass_at(k), 2) for k in (1, 5, 10, 15)]
    assert percent == [15.53, 29.40, 36.26, 40.85]
    interval = found.interval(15, seed=0)
    assert interval["low"] == pytest.approx(0.335, abs=0.012)
    assert interval["high"] == pytest.approx(0.488, abs=0.012)
    histogram = found.counts["c"].value_counts()
    assert [histogram[c] for c in (0, 1, 2, 3, 4, 15)] == [97, 20, 8, 4, 4, 4]
    assert found.counts["distinct"].mean() == pytest.approx(13.6, abs=0.03)
    # sorts the words of a set by their length: right under a twelfth of all seeds
    lucky = found.outcomes[found.outcomes["detail"] == "not repeatable"]
    assert lucky["task_id"].tolist() == ["HumanEval/158"]
    # the file holds what the rule of the released program would have cut
    cut = tally(
        extract(text, p.prompt, p.entry_point, stops=())
        for p in problems
        for text in samples.texts[p.task_id]
    )
    assert cut["stopped"] == 149


def test_real_samples_that_break_off_do_not_compile(sandbox):
    problems = read_humaneval(data("humaneval/HumanEval.jsonl.gz"))
    samples = read_samples(
        data("humaneval/codegeex13b_adapt_samples.jsonl.gz"), problems
    )
    cut = {
        p.task_id: [t for t in samples.texts[p.task_id] if ends_early(p.prompt + t)]
        for p in problems
    }
    assert sum(map(len, cut.values())) == 66
    broken = [p for p in problems if cut[p.task_id]]
    texts = {p.task_id: cut[p.task_id] for p in broken}
    found = score(broken, texts, sandbox=sandbox, progress=False)
    assert found.verdicts().to_dict() == {"COMPILE": 66}
