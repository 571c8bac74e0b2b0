"""Programs that use too much time, memory, stack or output.

Continues `hostile_programs`, with the same conventions.
"""

from __future__ import annotations

from tests.sandbox.hostile_programs import (
    CHANNELS,
    FRAMES,
    RIGHT,
    Hostile,
    before,
    inside,
)

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
