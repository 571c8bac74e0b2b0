"""Programs that want a verdict they do not deserve, and those they deserve.

Row numbers are those of the table of hostile programs that the sandbox was designed
after. ``double`` is the entry point, 2 x its right answer. What a program could find or
destroy is written as ``@FILE@`` (a file), ``@FOLDER@`` (a folder with files) and
``@VARIABLE@`` (an environment variable of the notebook).
"""

from __future__ import annotations

from dataclasses import dataclass

from helpers.sandbox.jobs import Cases, Check, Job

PLAIN = Cases((((1,), 2), ((21,), 42)))
RIGHT = "def double(x):\n    return 2 * x\n"
DENIED = "EXC(PermissionError)"
SECRET = 918_273_645  # an answer that no program can compute


@dataclass(frozen=True)
class Hostile:
    """One program; ``verdicts`` may name a detail, as in ``EXC(TypeError)``."""

    row: int
    name: str
    verdicts: str
    source: str
    tests: Cases | Check = PLAIN

    def job(self, places: dict[str, str]) -> Job:
        """The job, with its places filled in."""
        source = self.source
        for name, value in places.items():
            source = source.replace(f"@{name}@", value)
        return Job(source, "double", self.tests)


def inside(body: str) -> str:
    """A program that does something when it is called, then answers right."""
    lines = [f"    {line}" for line in body.strip("\n").splitlines()]
    return "def double(x):\n" + "\n".join(lines) + "\n    return 2 * x\n"


def before(body: str) -> str:
    """A program that does something when it is loaded, and answers right."""
    return body.strip("\n") + "\n" + RIGHT


def refused(body: str) -> str:
    """A program that complains when a function of libc returns -1."""
    lines = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    return inside(lines + f"if {body} == -1: raise PermissionError")


CHANNELS = """
import os
def everywhere(data):
    for number in range(3, 32):
        try:
            os.write(number, data)
        except OSError:
            pass
"""

FRAMES = """
import sys
def names():
    frame = sys._getframe()
    while frame:
        yield from list(frame.f_locals.items())
        yield from list(frame.f_globals.items())
        frame = frame.f_back
"""

ANSWERS: list[Hostile] = [
    Hostile(1, "right", "PASS", RIGHT),
    Hostile(2, "wrong", "WRONG", "def double(x):\n    return x\n"),
    Hostile(2, "wrong later", "WRONG(case 2)", "def double(x):\n    return 2\n"),
    Hostile(2, "nothing", "WRONG", "def double(x):\n    pass\n"),
    Hostile(
        3,
        "equal to everything",
        "EXC(TypeError)",
        """
class Any:
    def __eq__(self, other): return True
    def __hash__(self): return 0
def double(x): return Any()
""",
    ),
    Hostile(
        3,
        "equal to everything, says it is an int",
        "EXC(TypeError)",
        """
class Any:
    __class__ = int
    def __eq__(self, other): return True
def double(x): return Any()
""",
    ),
    Hostile(
        3,
        "equal to everything, inside a list, in a check",
        "EXC(TypeError)",
        """
class Any:
    def __eq__(self, other): return True
def double(x): return [Any()]
""",
        Check("def check(candidate):\n    assert candidate(1) == [2]\n"),
    ),
    *(
        Hostile(
            4,
            f"a subclass of {base}",
            "EXC(TypeError)",
            f"""
class Any({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __len__(self): return 1
    __hash__ = {base}.__hash__
def double(x): return Any()
""",
        )
        for base in ("int", "str", "list", "dict", "float", "tuple")
    ),
    Hostile(
        5,
        "walks the frames, marks everything as passed",
        "WRONG DIED(exit 0) VIOLATION EXC",
        FRAMES
        + """
def double(x):
    import os
    for name, value in names():
        try:
            if type(value) is list: value.append("passed")
            if type(value) is dict: value["passed"] = value["result"] = True
        except BaseException: pass
    os._exit(0)
""",
    ),
    Hostile(
        5,
        "replaces the failure that its caller holds",
        "WRONG",
        FRAMES
        + """
def double(x):
    for name, value in names():
        if type(value) is list: value[:] = ["passed"] * len(value)
    return 0
""",
    ),
    Hostile(
        6,
        "looks for the expected answer in frames and among all objects",
        "WRONG",
        FRAMES
        + """
import gc, re
def double(x):
    seen = [value for _, value in names()] + gc.get_objects()
    for value in list(seen):
        seen += gc.get_referents(value)
    for value in seen:
        if type(value) is int and 900_000_000 < value < 1_000_000_000: return value
        if type(value) is bytes: value = value.decode("latin-1")
        if type(value) is str and (found := re.search("9182[0-9]{5}", value)):
            return int(found[0])
    return 0
""",
        Cases((((1,), SECRET),)),
    ),
    Hostile(
        7,
        "looks for the object that results go into",
        "WRONG",
        """
import gc
def double(x):
    for value in gc.get_objects():
        try:
            if hasattr(value, "append") and type(value) is not list:
                value.append("passed")
        except BaseException: pass
    return 0
""",
    ),
    Hostile(
        8,
        "forges a verdict when loaded",
        "VIOLATION",
        before(CHANNELS + 'everywhere(b\'{"verdict": "PASS"}\\n\')'),
    ),
    Hostile(
        8,
        "forges an answer without knowing the nonce",
        "VIOLATION",
        CHANNELS
        + "def double(x):\n    everywhere(b'0' * 16 + b'V2\\n')\n    return 0\n",
    ),
    Hostile(
        8,
        "forges an answer beyond the last",
        "VIOLATION",
        FRAMES
        + CHANNELS
        + """
def double(x):
    nonce = [v for n, v in names() if n == "nonce"][0]
    everywhere(nonce + b"V%d\\n" % (2 * x) + nonce + b"V%d\\n" % (2 * x))
    import time; time.sleep(1)
    return 2 * x
""",
    ),
    Hostile(
        9,
        "steals the nonce, answers by itself, exits",
        "DIED(exit 0)",
        FRAMES
        + CHANNELS
        + """
def double(x):
    nonce = [value for name, value in names() if name == "nonce"][0]
    everywhere(nonce + b"V%d\\n" % (2 * x))
    os._exit(0)
""",
    ),
    Hostile(10, "_exit", "DIED(exit 0)", inside("import os; os._exit(0)")),
    Hostile(10, "_exit when loaded", "DIED(exit 0)", before("import os; os._exit(0)")),
    Hostile(10, "_exit with 70", "DIED(exit 70)", inside("import os; os._exit(70)")),
    Hostile(10, "abort", "DIED(SIGABRT)", inside("import os; os.abort()")),
    Hostile(
        10,
        "exits through ctypes",
        "DIED(exit 0)",
        inside("import ctypes; ctypes.CDLL(None)._exit(0)"),
    ),
    Hostile(
        10,
        "closes everything",
        "VIOLATION DIED",
        inside("import os\nos.closerange(0, 99)\nwhile True: pass"),
    ),
    Hostile(11, "sys.exit", "EXC(SystemExit)", inside("import sys; sys.exit(0)")),
    Hostile(
        11, "SystemExit when loaded", "EXC(SystemExit)", before("raise SystemExit")
    ),
    Hostile(
        11,
        "KeyboardInterrupt",
        "EXC(KeyboardInterrupt)",
        inside("raise KeyboardInterrupt"),
    ),
    Hostile(
        12,
        "sleeps and loops when it ends",
        "PASS",
        before(
            """
import atexit, time
atexit.register(time.sleep, 1000)
class Late:
    def __del__(self):
        while True: pass
late = Late()
"""
        ),
    ),
]
