"""Trusted test code with a stand-in for the program's function."""

from __future__ import annotations

import pytest

from helpers.sandbox.jobs import Check, Job
from helpers.sandbox.sandbox import Sandbox
from helpers.sandbox.verdicts import SandboxError, Verdict
from tests.sandbox.test_sandbox import LIMITS, RIGHT, job, needs_tier, sandbox

pytestmark = needs_tier
__all__ = ["sandbox"]  # the fixture


class TestChecks:
    """Trusted test code with a stand-in for the function."""

    @pytest.mark.parametrize(
        ("check", "verdict"),
        [
            ("assert f(1) == 2 and f(x=3) == 6", "PASS"),
            ("assert f(1) == 3", "WRONG"),
            ("abs(f(None))", "EXC(TypeError)"),
            ("f(1) + 'a'", "WRONG(TypeError)"),
            ("assert name(1) == 2", "WRONG(NameError)"),
            ("pass", "PASS"),
            ("assert isinstance(f, object) and f.missing", "WRONG(AttributeError)"),
        ],
    )
    def test_verdicts(self, sandbox, check, verdict):
        """What is raised by the program, and what by the tests."""
        tests = Check(f"def check(f):\n    {check}\n")
        assert str(sandbox.run(job(tests=tests))) == verdict

    def test_expected_exceptions(self, sandbox):
        """Tests may expect a built-in exception, and only that one."""
        check = (
            "def check(f):\n"
            "    try:\n        f(1)\n"
            "    except {} as error:\n        assert type(error) is {}\n"
            "    else:\n        assert False\n"
        )
        source = "def f(x):\n    return b'\\xff'.decode()\n"
        unicode, key = (
            sandbox.run(job(source, Check(check.replace("{}", name))))
            for name in ("UnicodeDecodeError", "KeyError")
        )
        assert str(unicode) == "PASS"
        assert str(key) == "EXC(UnicodeDecodeError)"

    def test_exceptions_that_need_arguments(self, sandbox):
        """What cannot be made without them reaches the tests as another exception."""
        source = "def f(x):\n    raise ExceptionGroup('a', [ValueError()])\n"
        tests = Check("def check(f):\n    f(1)\n")
        assert str(sandbox.run(job(source, tests))) == "EXC(ExceptionGroup)"

    def test_swallowed(self, sandbox):
        """Test code that catches everything does not hide how a program ended."""
        check = "def check(f):\n    try: f(1)\n    except BaseException: pass\n"
        for body, verdict in [
            ("while True: pass", "TIMEOUT(cpu)"),
            ("import os; os._exit(3)", "DIED(exit 3)"),
            ("return 'x' * 10**7", "LIMIT(output)"),
        ]:
            source = f"def f(x):\n    {body}\n"
            assert str(sandbox.run(job(source, Check(check)))) == verdict

    def test_without_calls(self, sandbox):
        """A program that no test calls must still be a program."""
        tests = Check("def check(f):\n    pass\n")
        assert str(sandbox.run(job("def f(:", tests))) == "COMPILE(SyntaxError)"
        assert str(sandbox.run(job("import nowhere", tests))).startswith("EXC(Module")

    def test_context_and_name(self, sandbox):
        """Context is there, and the entry point's name means the program's function."""
        context = "def twice(x):\n    return 2 * x\ndef f(x):\n    return None\n"
        tests = Check("def check(g):\n    assert twice(4) == g(4) == f(4)\n", context)
        assert str(sandbox.run(job(tests=tests))) == "PASS"

    def test_calls_sent_ahead(self):
        """Calls that tests made before are sent ahead; it never shows in a verdict."""
        adaptive = Check(
            "def check(f):\n"
            "    if f(1) == 2:\n        assert f(2) == 4\n"
            "    else:\n        assert f(3) == 3\n"
        )
        random = Check("import os\ndef check(f):\n    assert f(os.urandom(2)) == 2\n")
        fewer = Check("def check(f):\n    assert f(1) == 3 or f(2) == 4\n")
        memory = Check("def check(f):\n    assert [f(1), f(1), f(2)] == [0, 0, 0]\n")
        counts = (
            "n = -1\ndef f(x):\n    global n\n    n += x == 2\n    return n + (x < 2)\n"
        )
        same, odd = "def f(x):\n    return x\n", "def f(x):\n    return 2 + (x == 1)\n"
        two = "def f(x):\n    return 2\n"
        late = "def f(x):\n    while x == 2: pass\n    return 2 * x\n"
        cases = [
            (RIGHT, adaptive, "PASS"),
            (same, adaptive, "PASS"),
            (two, adaptive, "WRONG"),
            (RIGHT, adaptive, "PASS"),
            (late, adaptive, "TIMEOUT(cpu)"),
            (two, random, "PASS"),
            ("# again\n" + two, random, "PASS"),
            (RIGHT, fewer, "PASS"),
            (late, fewer, "TIMEOUT(cpu)"),
            (odd, fewer, "PASS"),  # it calls f(1) alone
            (RIGHT, fewer, "PASS"),
            (two, memory, "WRONG"),
            (counts, memory, "PASS"),
            ("# again\n" + counts, memory, "PASS"),
        ]
        with Sandbox(workers=1, limits=LIMITS) as own:
            for source, tests, verdict in [*cases, *cases]:
                outcome = own.run(job(source, tests))
                assert str(outcome) == verdict, (source, tests)

    def test_entry_named_check(self, sandbox):
        """As in MBPP 56: the name belongs to the program, the test is still found."""
        tests = Check("def check(candidate):\n    assert check(2) == 4\n")
        source = RIGHT.replace("f(", "check(")
        assert sandbox.run(Job(source, "check", tests)).passed

    def test_endless_test_code(self, sandbox):
        """Tests that loop on what they are given end the program, not the run."""
        tests = Check("def check(f):\n    while f(1): pass\n    assert 0\n")
        assert sandbox.run(job(tests=tests)).verdict is Verdict.TIMEOUT
        tests = Check("def check(f):\n    n = f(1)\n    while n: pass\n")
        assert str(sandbox.run(job(tests=tests))) == "TIMEOUT(wall)"
        assert sandbox.run(job()).passed

    def test_broken_tests_are_no_verdict(self):
        """Tests that do not even load say nothing about a program."""
        with Sandbox(workers=1, limits=LIMITS) as own:
            with pytest.raises(SandboxError, match="the tests do not run: NameError"):
                own.run(job(tests=Check("wrong\n")))
            with pytest.raises(SandboxError, match="a value of type function"):
                own.run(job(tests=Check("def check(f):\n    f(lambda: 1)\n")))
            assert own.run(job()).passed
