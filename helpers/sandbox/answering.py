"""What a hardened child does: run the program that arrives, answer calls to it.

A line on the channel is a nonce and a call, its reply the same nonce, a letter and a
text: ``V`` a value, ``P`` nothing but "loaded", ``X`` an exception's type, ``C`` one of
the compiler's, ``L`` too long a value.

The zygote loads this file by its path, with a copy of the builtins and of the functions
that are used after the program has begun: what a program replaces in `builtins`, `os`,
`json` or `sys.modules` does not change the replies. A program that goes to greater
lengths can forge *values*, as it may compute them as it likes; verdicts are not made
here.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

NONCE = 16  # characters


def answer(channel: int, data: Any, output_bytes: int) -> NoReturn:
    """Run the program that arrives on a channel and answer calls to it.

    ``data`` has what `helpers.sandbox.plain_data` has.
    """
    encode, decode, too_large = data.encode, data.decode, data.TooLarge
    write, leave, untrace, unprofile = os.write, os._exit, sys.settrace, sys.setprofile
    value: Any = None
    try:
        lines = incoming(channel, os.read)
        source, entry = decode(next(lines).decode())
        function, failure = start(source, entry)
        for line in lines:
            nonce, call = line[:NONCE], line[NONCE:]
            if failure:
                reply = failure
            elif not call:
                reply = b"P"
            else:
                try:
                    arguments, keywords = decode(call.decode())
                    value = function(*arguments, **keywords)
                    untrace(None)
                    unprofile(None)
                    reply = b"V" + encode(value, max_size=output_bytes).encode()
                except too_large:
                    reply = b"L"
                except BaseException as error:
                    untrace(None)
                    unprofile(None)
                    reply = b"X" + type_name(error)
                value = arguments = keywords = None
            rest = memoryview(nonce + reply + b"\n")
            while rest:
                rest = rest[write(channel, rest) :]
        leave(0)
    finally:
        leave(71)


def start(source: str, entry: str) -> tuple[Any, bytes]:
    """The program's function and nothing, or nothing and why there is none."""
    try:
        text = source.removeprefix("\ufeff")  # a byte order mark, legal in a file
        code = compile(text, "<program>", "exec", dont_inherit=True)
    except BaseException as error:
        return None, b"C" + type_name(error)
    module = types.ModuleType("program")
    sys.modules["program"] = module
    names = module.__dict__
    try:
        exec(code, names)
        if entry not in names:
            return None, b"XNameError"
        return names[entry], b""
    except BaseException as error:
        return None, b"X" + type_name(error)


def incoming(channel: int, read: Callable[[int, int], bytes]) -> Iterator[bytes]:
    """Lines from a channel until it ends."""
    buffer = b""
    while data := read(channel, 1 << 16):
        *lines, buffer = (buffer + data).split(b"\n")
        yield from lines


def type_name(
    error: BaseException,
    name_of: Any = type.__dict__["__name__"].__get__,  # no metaclass can replace it
    encoded: Any = str.encode,
) -> bytes:
    """Name of an exception's type: short, whatever the program has made of it."""
    name = bytes(encoded(name_of(type(error)), "ascii", "replace")[:80])
    return b"Exception" if b"\n" in name else name
