"""Programs that attack the sandbox, or are merely odd, with the verdicts they deserve.

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


def system_call(number: int, *arguments: str) -> str:
    """A program that makes a system call through ctypes and complains if it fails."""
    listed = ", ".join([str(number), *arguments])
    return inside(
        f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall({listed}) == -1:
    raise PermissionError
"""
    )


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

TIME: list[Hostile] = [
    Hostile(13, "endless", "TIMEOUT(cpu)", inside("while True: pass")),
    Hostile(13, "endless when loaded", "TIMEOUT(cpu)", before("while True: pass")),
    Hostile(13, "asleep", "TIMEOUT(wall)", inside("import time; time.sleep(1000)")),
    Hostile(
        14,
        "deaf to all signals",
        "TIMEOUT(cpu)",
        inside(
            """
import signal
for number in signal.valid_signals():
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
while True: pass
"""
        ),
    ),
    Hostile(
        15,
        "cancels the alarm",
        "TIMEOUT(cpu) EXC",
        inside("import signal\nsignal.alarm(0)\nwhile True: pass"),
    ),
    Hostile(
        15,
        "cancels the timer",
        "TIMEOUT(cpu) EXC",
        inside(
            "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass"
        ),
    ),
    Hostile(
        16,
        "catches whatever ends it",
        "TIMEOUT(cpu)",
        inside(
            """
while True:
    try:
        while True:
            try:
                while True: pass
            except BaseException: pass
    except BaseException: pass
"""
        ),
    ),
    Hostile(17, "a power", "TIMEOUT(cpu)", inside("y = 10 ** (10 ** 9 + x)")),
    Hostile(
        17,
        "a regular expression",
        "TIMEOUT(cpu)",
        inside("import re; re.match('(a+)+$', 'a' * 60 + 'b')"),
    ),
    Hostile(17, "a long number", "EXC(ValueError)", inside("int('9' * 10**6)")),
    Hostile(17, "a sum in C", "TIMEOUT(cpu)", inside("sum(range(10**12))")),
    Hostile(18, "parentheses", "COMPILE", "(" * 100_000 + RIGHT),
    Hostile(
        18, "nested lists", "COMPILE", "x = " + "[" * 5000 + "]" * 5000 + "\n" + RIGHT
    ),
    Hostile(18, "signs", "COMPILE", "x = " + "-" * 100_000 + "1\n" + RIGHT),
    Hostile(18, "a long sum", "COMPILE", "x = " + "1+" * 100_000 + "1\n" + RIGHT),
    Hostile(18, "folding", "COMPILE TIMEOUT EXC(MemoryError)", "x = 9**9**9\n" + RIGHT),
    Hostile(
        18,
        "folding text",
        "COMPILE TIMEOUT EXC(MemoryError)",
        "x = 'a' * 10**10\n" + RIGHT,
    ),
    Hostile(18, "10^5 lines", "COMPILE TIMEOUT PASS", "x = [1, 2]\n" * 100_000 + RIGHT),
    Hostile(
        18,
        "deep blocks",
        "COMPILE",
        "".join("  " * n + "if 1:\n" for n in range(200))
        + "  " * 200
        + "pass\n"
        + RIGHT,
    ),
    Hostile(
        50,
        "waits longer than its processor time lasts",
        "PASS",
        before("import time; time.sleep(1)"),
    ),
]

MEMORY: list[Hostile] = [
    Hostile(19, "8 GiB of bytes", "EXC(MemoryError)", inside("y = bytearray(8 << 30)")),
    Hostile(19, "10^9 items", "EXC(MemoryError)", inside("y = [0] * 10**9")),
    Hostile(
        19,
        "little by little",
        "EXC(MemoryError) TIMEOUT",
        inside("y = []\nwhile True: y.append(bytearray(1 << 24))"),
    ),
    Hostile(
        19,
        "anonymous map",
        "EXC",
        inside("import mmap; y = mmap.mmap(-1, 8 << 30)"),
    ),
    Hostile(
        20,
        "catches MemoryError",
        "PASS",
        inside(
            """
y = []
try:
    while True: y.append(bytearray(1 << 24))
except MemoryError:
    y = None
"""
        ),
    ),
    Hostile(
        21, "recursion", "EXC(RecursionError)", "def double(x):\n    return double(x)\n"
    ),
    Hostile(
        21,
        "recursion without a limit",
        "EXC DIED TIMEOUT",
        "import sys\nsys.setrecursionlimit(10**9)\n"
        "def double(x):\n    return double(x)\n",
    ),
    Hostile(
        21,
        "recursion in C without a limit",
        "EXC DIED TIMEOUT",
        inside(
            """
import sys
sys.setrecursionlimit(10**9)
y = []
for _ in range(10**6): y = [y]
repr(y)
"""
        ),
    ),
    Hostile(
        22,
        "reads address 0",
        "DIED(SIGSEGV)",
        inside("import ctypes; ctypes.string_at(0)"),
    ),
    Hostile(
        22,
        "kills itself",
        "DIED(SIGKILL)",
        inside("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"),
    ),
    Hostile(
        22,
        "signals itself",
        "DIED(SIGTERM)",
        inside("import signal; signal.raise_signal(signal.SIGTERM)"),
    ),
    Hostile(
        23,
        "200 MB on stdout",
        "PASS",
        before(
            "import os\nfor _ in range(100):\n"
            "    os.write(1, b'x' * 10**6)\n    print('y' * 10**6)"
        ),
    ),
    Hostile(
        24,
        "floods the channel",
        "LIMIT VIOLATION",
        inside(CHANNELS + "while True: everywhere(b'x' * 10**6)"),
    ),
    Hostile(
        24,
        "floods the channel after the nonce",
        "LIMIT(output)",
        FRAMES
        + CHANNELS
        + """
def double(x):
    nonce = [value for name, value in names() if name == "nonce"][0]
    everywhere(nonce + b"V")
    while True: everywhere(b"2" * 10**6)
""",
    ),
    Hostile(
        24,
        "50 MB of text",
        "LIMIT(output)",
        "def double(x):\n    return 'x' * 50_000_000\n",
    ),
    Hostile(
        24,
        "50 MB of bytes",
        "LIMIT(output)",
        "def double(x):\n    return bytes(50_000_000)\n",
    ),
    Hostile(
        24, "many items", "LIMIT(output)", "def double(x):\n    return [1] * 10**6\n"
    ),
    Hostile(
        24,
        "shared items",
        "LIMIT(output)",
        "def double(x):\n    y = [1] * 1000\n"
        "    for _ in range(20): y = [y] * 100\n    return y\n",
    ),
    Hostile(
        24,
        "a number of 50 MB",
        "LIMIT(output)",
        "def double(x):\n    return 1 << 400_000_000\n",
    ),
    Hostile(
        25,
        "a message of 50 MB",
        "EXC(ValueError)",
        inside("raise ValueError('x' * 50_000_000)"),
    ),
    Hostile(
        25,
        "raises in __str__ and __repr__",
        "EXC(Odd)",
        """
class Odd(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
    def __reduce__(self): raise SystemExit
def double(x): raise Odd
""",
    ),
    Hostile(
        25,
        "a type's name of 1 MB",
        "EXC",
        "def double(x):\n    raise type('x' * 10**6, (Exception,), {})\n",
    ),
    Hostile(
        25,
        "a type that lies about its name",
        "EXC(Odd)",
        """
class Meta(type):
    __name__ = property(lambda self: 1 / 0)
    def __getattribute__(self, name): raise SystemExit
class Odd(Exception, metaclass=Meta): pass
def double(x): raise Odd
""",
    ),
    Hostile(
        25,
        "a name with a line's end",
        "EXC(Exception)",
        "def double(x):\n    raise type('a\\nV2', (Exception,), {})\n",
    ),
    Hostile(26, "input", "EXC(EOFError)", inside("input()")),
    Hostile(
        26,
        "reads stdin",
        "EXC(ValueError)",
        inside("import sys; int(sys.stdin.read())"),
    ),
    Hostile(
        26,
        "reads descriptor 0",
        "EXC(ValueError)",
        inside("import os; int(os.read(0, 9) or b'a')"),
    ),
]
