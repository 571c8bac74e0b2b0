"""HumanEval and MBPP: their files, their tests, what is run of them."""

import json

import pytest

from helpers.adaptive_temperature.problems import (
    Problem,
    job,
    names_used,
    read_humaneval,
    read_mbpp,
    reference_program,
    trusted_context,
)
from helpers.paths import user_data
from helpers.sandbox.jobs import Cases, Check

ROW = {
    "task_id": "Tiny/0",
    "prompt": 'def twice(x):\n    """Double."""\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * x\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}


def file_of(tmp_path, *rows):
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def judged(asked, function):
    """What the judge does with a Check, without a sandbox: for trusted code only."""
    space: dict = {}
    exec(asked.tests.context, space)
    exec(asked.tests.source, space)
    space["check"](function)


def test_a_file_of_problems(tmp_path):
    (problem,) = read_humaneval(file_of(tmp_path, ROW))
    assert problem == Problem(
        "Tiny/0", ROW["prompt"], "twice", ROW["test"], ROW["canonical_solution"]
    )
    asked = job(problem, "    return x\n")
    assert asked.source == ROW["prompt"] + "    return x\n" and asked.entry == "twice"
    judged(asked, lambda x: 2 * x)
    with pytest.raises(AssertionError):
        judged(asked, lambda x: x)
    assert job(problem, "x = 1", whole=True).source == "x = 1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": None}, r"p\.jsonl:2: field 'prompt' is None"),
        ({"task_id": "Tiny/0"}, r"p\.jsonl:2: task_id 'Tiny/0' is also on p\.jsonl:1"),
        ({"entry_point": "a b"}, r"entry_point 'a b' is no name"),
        ({"entry_point": "thrice"}, r"the prompt lacks `def thrice`"),
        ({"test": "def check(candidate)"}, "does not define `check"),
        ({"test": "def test(candidate): candidate(1)"}, "does not define `check"),
        (
            {"test": "def check(candidate): assert twice(1)"},
            "does not call `candidate`",
        ),
        ({"canonical_solution": 3}, "canonical_solution is no text"),
    ],
)
def test_errors_name_file_and_line(tmp_path, change, message):
    row = {**ROW, "task_id": "Tiny/1", **change}
    with pytest.raises(ValueError, match=message):
        read_humaneval(file_of(tmp_path, ROW, row))


def test_a_missing_field_is_told_with_those_there(tmp_path):
    row = {key: value for key, value in ROW.items() if key != "test"}
    with pytest.raises(ValueError, match=r"'test' is missing.*fields here: task_id"):
        read_mbpp(file_of(tmp_path, row))


def test_mbpp_calls_by_name(tmp_path):
    row = {
        **ROW,
        "prompt": "import math\ndef root(x):\n    '''\n    Root.\n    '''\n",
        "entry_point": "root ",
        "canonical_solution": "\treturn math.sqrt(x)\n",
        "test": "def check(candidate):\n    assert math.isclose(root(4), 2)\n",
    }
    (problem,) = read_mbpp(file_of(tmp_path, row))
    assert problem.entry_point == "root" and problem.names_entry
    assert (
        reference_program(problem)
        == "import math\ndef root(x):\n\treturn math.sqrt(x)\n"
    )
    judged(job(problem, ""), lambda x: x**0.5)
    with pytest.raises(AssertionError):
        judged(job(problem, ""), lambda x: x)


@pytest.mark.parametrize("name", ["is_even", "check"])
def test_mbpp_tests_of_another_function(tmp_path, name):
    row = {
        **ROW,
        "canonical_solution": f"    return x + x\ndef {name}(x):\n    return x == 4\n",
        "test": f"def check(candidate):\n    assert {name}(4) == True\n",
    }
    (problem,) = read_mbpp(file_of(tmp_path, row))
    assert problem.entry_point == name and not problem.names_entry
    judged(job(problem, ""), lambda x: True)
    with pytest.raises(AssertionError):
        judged(job(problem, ""), lambda x: False)
    with pytest.raises(ValueError, match=r"p\.jsonl:1: the test calls neither"):
        read_mbpp(file_of(tmp_path, {**row, "canonical_solution": None}))


def test_tests_may_refer_to_helpers_of_the_prompt():
    prompt = (
        "import math\nfrom typing import List\n\n"
        "def shift(s):\n    return s[1:] + s[:1]\n"
        '\n\ndef back(s):\n    """Undo `shift`."""\n'
    )
    test = "def check(candidate):\n    assert candidate(shift('abc')) == 'abc'\n"
    problem = Problem("Tiny/0", prompt, "back", test)
    context = trusted_context(problem)
    assert "def shift" in context and "def back" not in context
    judged(
        job(problem, "    return 1\n\ndef shift(s): return 1\n"),
        lambda s: s[-1] + s[:-1],
    )
    bodiless = Problem("Tiny/0", "import math\ndef f(x):\n", "f", "math.pi")
    assert trusted_context(bodiless) == "import math\n"
    assert trusted_context(Problem("Tiny/0", prompt, "back", "candidate()")) == ""
    assert trusted_context(Problem("Tiny/0", "no Python", "back", "shift")) == ""


def test_random_inputs_are_the_same_in_every_run():
    test = (
        "import random\ndef check(candidate):\n"
        "    for i in range(3):\n        candidate(random.random())\n"
    )
    seen: list = []
    for _ in range(2):
        judged(job(Problem("Tiny/0", "", "f", test), ""), seen.append)
    assert seen[:3] == seen[3:] and len(set(seen)) == 3


def test_cases_are_passed_on():
    cases = Cases(((([1, 2],), 3),))
    assert job(Problem("Tiny/0", "p", "f", cases), "q").tests == cases


def test_names_that_are_read():
    source = "import a\nb = len(c)\ndef d(e): return e(f.g)"
    assert names_used(source) == {"c", "e", "f", "len"}


def test_a_reference_that_cannot_be():
    problem = Problem("Tiny/0", "def f():\n", "f", "", "return (")
    with pytest.raises(ValueError, match="does not compile"):
        reference_program(problem)
    with pytest.raises(ValueError, match="has no canonical solution"):
        reference_program(Problem("Tiny/0", "def f():\n", "f", ""))


def data(name):
    folder = user_data()
    if folder is None or not (folder / name).is_file():
        pytest.skip(f"set CURRICULUM_DATA to a folder with {name}")
    return folder / name


def test_the_humaneval_file():
    problems = read_humaneval(data("humaneval/HumanEval.jsonl.gz"))
    assert len(problems) == 164
    assert all(reference_program(p) == p.prompt + p.solution for p in problems)
    with_context = [p.task_id for p in problems if trusted_context(p)]
    assert with_context == ["HumanEval/32", "HumanEval/38", "HumanEval/50"]
    assert all(isinstance(job(p, "").tests, Check) for p in problems)


def test_the_mbpp_file():
    problems = read_mbpp(data("mbpp/mbpp_sanitized.jsonl"))
    assert len(problems) == 427
    unnamed = [int(p.task_id.split("/")[1]) for p in problems if not p.names_entry]
    assert unnamed == [6, 18, 56, 70, 164, 580, 592, 630, 735, 751, 797]
    parts = sum(reference_program(p) == p.prompt + p.solution for p in problems)
    assert parts == 184  # of the others, indentation differs from the docstring's
