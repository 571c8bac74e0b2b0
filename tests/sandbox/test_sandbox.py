"""The sandbox as its users see it: verdicts, order, copies, interruption, failure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers.sandbox import bubblewrap, tiers
from helpers.sandbox import sandbox as module
from helpers.sandbox.jobs import Cases, Check, Job
from helpers.sandbox.limits import Limits
from helpers.sandbox.sandbox import Sandbox, available_tiers, banner
from helpers.sandbox.verdicts import SandboxError

RIGHT = "def f(x):\n    return 2 * x\n"
CASES = Cases((((1,), 2), ((3,), 6)))
LIMITS = Limits(memory_mib=256, cpu_seconds=0.5, wall_seconds=1.5)
needs_tier = pytest.mark.skipif(
    not set(available_tiers()) - {"process"}, reason="no tier that holds works here"
)
pytestmark = needs_tier


@pytest.fixture(scope="module")
def sandbox():
    """One sandbox for all tests that do not harm it."""
    with Sandbox(workers=2, limits=LIMITS) as shared:
        yield shared


def job(source: str = RIGHT, tests: Cases | Check = CASES) -> Job:
    """A job whose entry point is f."""
    return Job(source, "f", tests)


def test_order_and_copies(sandbox):
    """Outcomes in the order of the jobs; equal jobs share one run."""
    wrong, right = job("def f(x):\n    return x\n"), job()
    clock = job("import time\ndef f(x):\n    return time.perf_counter_ns()\n")
    jobs = [wrong, right, clock] * 20
    outcomes = sandbox.run_many(jobs)
    assert [str(o) for o in outcomes[:2]] == ["WRONG(case 1)", "PASS"]
    assert outcomes[3:] == outcomes[:-3]  # with their seconds: it was the same run
    assert sandbox.run_many([]) == []


def test_many(sandbox):
    """More jobs than judges; each program has its own verdict."""
    jobs = [job(f"def f(x):\n    return 2 * x + {n % 3}\n") for n in range(60)]
    expected = ["PASS", "WRONG(case 1)", "WRONG(case 1)"] * 20
    assert [str(o) for o in sandbox.run_many(jobs, progress="programs")] == expected


def test_seconds(sandbox):
    """Processor time, of the program's process alone."""
    quick, slow = sandbox.run_many(
        [job(), job("x = sum(range(3_000_000))\n" + RIGHT)],
    )
    assert 0 < quick.seconds < slow.seconds < 0.6


def test_programs_do_not_meet(sandbox):
    """Nothing of one program is left for the next."""
    leave = (
        "import builtins, sys\nbuiltins.left = sys.left = 1\nimport math\nmath.pi = 3\n"
    )
    look = "import builtins, math, sys\nassert math.pi > 3\n"
    look += "assert not hasattr(builtins, 'left') and not hasattr(sys, 'left')\n"
    jobs = [job(f"# {n}\n" + (leave, look)[n % 2] + RIGHT) for n in range(12)]
    assert all(outcome.passed for outcome in sandbox.run_many(jobs))


def test_large_texts(sandbox):
    """Sources, arguments and answers of the size of the socket's buffers and more."""
    text = "x" * 400_000
    tests = Cases(tuple(((text, n), text[n:]) for n in range(2)))
    source = f"# {text}\n# {text}\ndef f(x, n):\n    return x[n:]\n"
    assert str(sandbox.run(job(source, tests))) == "PASS"
    calls = Cases(tuple((("y" * 3000, n), n) for n in range(100)))
    assert str(sandbox.run(job("def f(x, n):\n    return n\n", calls))) == "PASS"


def test_stuck_judge_is_replaced(monkeypatch):
    """Test code that hangs inside a function of C is ended from outside."""
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    monkeypatch.setattr(module, "MAX_EXTENSION", 1)
    tests = Check("def check(f):\n    10 ** (10 ** f(4) + f(1))\n")
    with Sandbox(workers=1, limits=LIMITS) as own:
        hanging, fine = own.run_many([job(tests=tests), job()])
    assert str(hanging) == "TIMEOUT(wall)" or str(hanging) == "WRONG(MemoryError)"
    assert fine.passed


def test_dead_judge_is_retried(sandbox):
    """A judge that is killed costs no verdict."""
    own = Sandbox(workers=1, limits=LIMITS)
    slow = job("import time\ntime.sleep(0.5)\n" + RIGHT)
    own.run(job())
    timer = threading.Timer(0.2, own._judges[0]._process.kill)
    timer.start()
    assert [o.passed for o in own.run_many([slow, job()])] == [True, True]
    own.close()


def test_twice_dead_is_an_error(monkeypatch):
    """A job on which the sandbox fails twice raises; nothing is called a failure."""
    own = Sandbox(workers=1, limits=LIMITS)
    own._settings["zygote"]["folder"] = "/nowhere"
    with pytest.raises(SandboxError, match="zygote"):
        own.run(job())
    own.close()


@pytest.fixture
def interruptible():
    """Ctrl-C as Python takes it; a shell starts background jobs with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_interruption():
    """Ctrl-C ends a run at once, kills its programs and leaves a working sandbox."""
    limits = Limits(cpu_seconds=30, wall_seconds=60)
    with Sandbox(workers=2, limits=limits) as own:
        own.run_many([job(), job("# other\n" + RIGHT)])
        name = own._settings["zygote"]["name"]
        endless = [job(f"while {n}: pass\n" + RIGHT) for n in range(1, 5)]
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            own.run_many(endless)
        assert time.monotonic() - began < 15
        assert own.run(job()).passed
    assert gone(name)


def gone(name: str, seconds: float = 10.0) -> bool:
    """Whether all processes of a sandbox have ended, after a moment's patience."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not running(name):
            return True
        time.sleep(0.05)
    return False


def running(name: str) -> list[str]:
    """Processes whose command line names a sandbox."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if name.encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_killed_notebook():
    """When the notebook is killed, judges, zygotes and programs end with it."""
    code = (
        "import sys; from helpers.sandbox.sandbox import Sandbox\n"
        "from helpers.sandbox.jobs import Cases, Job\n"
        "from helpers.sandbox.limits import Limits\n"
        "s = Sandbox(2, Limits(cpu_seconds=60, wall_seconds=60))\n"
        "s.run(Job('def f(): return 1', 'f', Cases((((), 1),))))\n"
        "print(s._settings['zygote']['name'], flush=True)\n"
        "s.run(Job('while True: pass', 'f', Cases((((), 1),))))\n"
    )
    notebook = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    )
    name = notebook.stdout.readline().strip()
    time.sleep(0.5)
    assert running(name)
    notebook.kill()
    notebook.communicate()
    assert gone(name)
    os.rmdir(name)


def test_closed(sandbox):
    """Closing removes the folder and is final; closing twice is allowed."""
    own = Sandbox(workers=1, limits=LIMITS)
    folder = Path(own._settings["zygote"]["name"])
    assert folder.is_dir()
    own.close()
    own.close()
    assert not folder.exists()
    with pytest.raises(ValueError, match="closed"):
        own.run(job())


class TestTiers:
    """No weaker tier than asked for, no weak one unasked."""

    def test_banner(self):
        """It names the tier and what is missing."""
        for tier in available_tiers():
            line = banner(tier)
            assert f"tier {tier} " in line and "missing: " in line and "\n" not in line
        assert "only for programs you trust" in banner("process")

    def test_default_is_the_strongest(self, sandbox):
        """And never the process tier."""
        assert sandbox.tier == available_tiers()[-1] != "process"

    def test_no_silent_fallback(self, monkeypatch):
        """Where nothing holds, there is no sandbox unless the weak one is asked for."""
        monkeypatch.setattr(tiers.seccomp, "available", lambda: False)
        monkeypatch.setattr(tiers, "available_tiers", lambda: ("process",))
        with pytest.raises(RuntimeError, match=r"CONFIG_SECCOMP.*tier='process'"):
            Sandbox()
        with pytest.raises(RuntimeError, match="CONFIG_SECCOMP"):
            Sandbox(tier="seccomp")
        with Sandbox(workers=1, limits=LIMITS, tier="process") as weak:
            assert weak.run(job()).passed

    def test_missing_bubblewrap(self, monkeypatch):
        """A tier that is asked for and missing is an error that says what to do."""
        monkeypatch.setattr(tiers.bubblewrap, "problem", lambda _: "there is no bwrap")
        with pytest.raises(RuntimeError, match=r"no bwrap\): install bubblewrap"):
            Sandbox(tier="bubblewrap")
        with Sandbox(workers=1) as own:
            assert own.tier == "seccomp"

    def test_unknown(self):
        """A wrong name is corrected; a container is explained."""
        with pytest.raises(ValueError, match="did you mean 'seccomp'"):
            Sandbox(tier="secomp")
        with pytest.raises(RuntimeError, match="docker run"):
            Sandbox(tier="container")

    def test_process_tier(self):
        """Limits, verdicts and a clean environment also where nothing else holds."""
        os.environ["REPRISE_TEST_SECRET"] = "x"
        secret = "import os\nassert 'REPRISE_TEST_SECRET' not in os.environ\n"
        daemon = "import os, time\nif not os.fork(): time.sleep(100)\n"
        sources = [RIGHT, "while True: pass", "x = bytearray(8 << 30)", secret + RIGHT]
        sources += [daemon + RIGHT]
        with Sandbox(workers=2, limits=LIMITS, tier="process") as weak:
            verdicts = [str(o) for o in weak.run_many([job(s) for s in sources])]
            name = weak._settings["zygote"]["name"]
        del os.environ["REPRISE_TEST_SECRET"]
        assert verdicts[:4] == ["PASS", "TIMEOUT(cpu)", "EXC(MemoryError)", "PASS"]
        if os.getuid():
            assert verdicts[4] == "EXC(BlockingIOError)"
        assert gone(name)  # the daemon is in the group that is killed


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2", True])
def test_workers(workers):
    """At least one, and a whole number."""
    with pytest.raises(ValueError, match="workers is"):
        Sandbox(workers=workers)


def test_the_empty_folder_inside_holds_nothing_that_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = ["/usr", "/work" + "/environment", "/work_", "/worker"]
    monkeypatch.setattr(bubblewrap, "_shown", lambda _: shown)
    assert bubblewrap.work_folder("python") == "/work__"
