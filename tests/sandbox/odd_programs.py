"""Programs that mean no harm but are odd: types, text, time, truncation.

Continues `hostile_programs`, with the same conventions.
"""

from __future__ import annotations

from helpers.sandbox.jobs import Cases, Check
from tests.sandbox.hostile_programs import RIGHT, Hostile, before, inside

LISTS = Cases(((([1, 2],), [2, 1]), (([3],), [3])))
PROMPT = 'def double(x):\n    """Twice x."""\n'


def returns(value: str, expected: object, policy: str, verdict: str) -> Hostile:
    """A program whose answer is one value and whose expected answer another."""
    name = f"{value} for {type(expected).__name__}, {policy}"
    tests = Cases((((0,), expected),), policy)
    return Hostile(46, name, verdict, f"def double(x):\n    return {value}\n", tests)


ENTRIES: list[Hostile] = [
    Hostile(44, "missing", "EXC(NameError)", "def twice(x):\n    return 2 * x\n"),
    Hostile(
        44,
        "a class",
        "EXC(TypeError)",
        "class double:\n    def __init__(self, x): pass\n",
    ),
    Hostile(44, "async", "EXC(TypeError)", "async " + RIGHT),
    Hostile(44, "a generator", "EXC(TypeError)", "def double(x):\n    yield 2 * x\n"),
    Hostile(44, "a number", "EXC(TypeError)", "double = 2\n"),
    Hostile(
        44, "without parameters", "EXC(TypeError)", "def double():\n    return 2\n"
    ),
    Hostile(
        44,
        "returns a function",
        "EXC(TypeError)",
        "def double(x):\n    return double\n",
    ),
    Hostile(
        45,
        "changes its argument",
        "PASS",
        "def double(x):\n    y = x[::-1]\n    x.clear()\n    return y\n",
        LISTS,
    ),
    Hostile(
        45,
        "keeps its argument and changes it later",
        "PASS",
        "kept = []\ndef double(x):\n    [y.clear() for y in kept]\n"
        "    kept.append(x)\n    return x[::-1]\n",
        LISTS,
    ),
    Hostile(
        45,
        "changes the test's own argument",
        "PASS",
        "def double(x):\n    x.clear()\n    return 0\n",
        Check("def check(f):\n    x = [1]\n    assert f(x) == 0 and x == [1]\n"),
    ),
]

TYPES: list[Hostile] = [
    returns("True", 1, "python", "PASS"),
    returns("True", 1, "strict", "WRONG"),
    returns("2.0", 2, "python", "PASS"),
    returns("2.0", 2, "strict", "WRONG"),
    returns("(1, 2)", [1, 2], "python", "WRONG"),
    returns("(1, 2)", [1, 2], "strict", "WRONG"),
    returns("{3, 1, 2}", {1, 2, 3}, "strict", "PASS"),
    returns("{'b': 1, 'a': 2}", {"a": 2, "b": 1}, "strict", "PASS"),
    returns("float('nan')", float("nan"), "python", "WRONG"),
    returns("float('nan')", float("nan"), "strict", "PASS"),
    returns("-0.0", 0.0, "strict", "PASS"),
    returns("0.1 + 0.2", 0.3, "python", "WRONG"),
    returns("[0.5, None, 'a']", [0.5, None, "a"], "strict", "PASS"),
    returns("__import__('fractions').Fraction(1, 2)", 0.5, "python", "EXC(TypeError)"),
    returns("__import__('decimal').Decimal(1)", 1, "python", "EXC(TypeError)"),
    returns(
        "__import__('collections').Counter('aab')", {"a": 2, "b": 1}, "python", "PASS"
    ),
    returns(
        "__import__('collections').Counter('aab')", {"a": 2, "b": 1}, "strict", "WRONG"
    ),
    returns("2 ** 20000", 2**20000, "strict", "PASS"),
    returns("range(3)", [0, 1, 2], "python", "EXC(TypeError)"),
    Hostile(
        47,
        "a list in itself",
        "EXC(ValueError)",
        "def double(x):\n    y = []\n    y.append(y)\n    return y\n",
    ),
    Hostile(
        47,
        "10^6 lists in each other",
        "EXC(ValueError)",
        "def double(x):\n    y = []\n"
        "    for _ in range(10**6): y = [y]\n    return y\n",
    ),
    Hostile(
        47,
        "a dict in itself",
        "EXC(ValueError)",
        "def double(x):\n    y = {}\n    y[0] = y\n    return y\n",
    ),
]

TEXT: list[Hostile] = [
    Hostile(48, "a null byte", "COMPILE", "x = '\0'\n" + RIGHT),
    Hostile(48, "a lone surrogate", "COMPILE", "x = '\ud800'\n" + RIGHT),
    Hostile(48, "a byte order mark", "PASS", "\ufeff" + RIGHT),
    Hostile(48, "CRLF", "PASS", RIGHT.replace("\n", "\r\n")),
    Hostile(48, "CR", "PASS", RIGHT.replace("\n", "\r")),
    Hostile(
        48,
        "tabs mixed with spaces",
        "COMPILE(TabError)",
        "def double(x):\n    if x:\n\treturn 2 * x\n",
    ),
    Hostile(48, "tabs", "PASS", "def double(x):\n\treturn 2 * x\n"),
    Hostile(48, "full-width names", "PASS", "def double(\uff58):\n    return 2 * x\n"),
    Hostile(
        48,
        "returns a lone surrogate",
        "WRONG",
        "def double(x):\n    return '\\ud800'\n",
    ),
    Hostile(48, "a coding line", "PASS", "# coding: latin-1\n" + RIGHT),
    Hostile(
        48, "a future import", "PASS", "from __future__ import annotations\n" + RIGHT
    ),
    Hostile(51, "empty", "EXC(NameError)", ""),
    Hostile(51, "a prompt without a body", "WRONG", PROMPT),
    Hostile(
        51, "a header without a body", "COMPILE(IndentationError)", "def double(x):\n"
    ),
    Hostile(51, "only comments", "WRONG", PROMPT + "    # TODO\n"),
    Hostile(51, "only spaces", "WRONG", PROMPT + "    \n   \n"),
    Hostile(
        51, "a second function", "PASS", RIGHT + "def other():\n    return 1 / 0\n"
    ),
    Hostile(51, "code at the top", "PASS", RIGHT + "print(double(3))\n"),
    Hostile(
        51,
        "bad code at the top",
        "EXC(AssertionError)",
        RIGHT + "assert double(1) == 3\n",
    ),
    Hostile(
        51,
        "code for the command line",
        "PASS",
        RIGHT + "if __name__ == '__main__':\n    raise SystemExit(double(input()))\n",
    ),
    Hostile(52, "repeats the prompt", "PASS", PROMPT + PROMPT + "    return 2 * x\n"),
    Hostile(52, "is cut in a line", "COMPILE", PROMPT + "    return 2 * ("),
    Hostile(52, "is cut in a text", "COMPILE", PROMPT + "    return 'ab"),
    Hostile(53, "forgets an import", "EXC(NameError)", inside("math.sqrt(x)")),
    Hostile(
        53,
        "wants what is not there",
        "EXC(ModuleNotFoundError)",
        before("import numpy"),
    ),
    Hostile(
        54,
        "prints answers",
        "WRONG",
        'def double(x):\n    print(\'V2\\nP\\n{"verdict": "PASS"}\')\n    return 0\n',
    ),
    Hostile(54, "prints answers, and is right", "PASS", inside("print('V0')")),
]

# what a harmless program may expect of Python, so that the walls are not too narrow
LIBRARY: list[Hostile] = [
    Hostile(1, f"uses {what[:40]}", "PASS", inside(what))
    for what in (
        "import time\ntime.sleep(0.001), time.localtime(), time.monotonic()",
        "import datetime\ndatetime.datetime.now().strftime('%c')",
        "import zoneinfo\nlist(zoneinfo.TZPATH)",
        "import hashlib\nassert hashlib.md5(b'a').hexdigest()[:4] == '0cc1'",
        "import random\nrandom.random(), random.SystemRandom().random()",
        "import secrets, uuid\nsecrets.token_hex(), uuid.uuid4()",
        "import sqlite3\nsqlite3.connect(':memory:').execute('select 1').fetchall()",
        "import threading\nwith threading.Lock(): pass\nthreading.Event().wait(0.001)",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: 'int'\nA(1)",
        "import ast, inspect, tokenize\nast.parse('1')",
        "import statistics, decimal, fractions\nassert statistics.mean([1, 3]) == 2",
        "import sys, platform\nsys.getrecursionlimit(), platform.system()",
        "import io, contextlib as c\nwith c.redirect_stdout(io.StringIO()): print()",
        "import typing, enum, numbers, unicodedata, zlib, struct, array",
        "import asyncio.events, urllib.parse, html, calendar, difflib, graphlib",
        "import os\nos.getcwd(), os.getpid(), os.urandom(3), os.listdir('.')",
        "import os.path\nos.path.exists('/nowhere')",
        "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
        "open('/dev/null').read()",
        "y = bytearray(100 << 20)\ndel y",
        "import multiprocessing, subprocess, socket",
    )
]

ODD = ENTRIES + TYPES + TEXT + LIBRARY
