"""Messages between the notebook and a judge, which trust each other: framed JSON."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

_HEADER = struct.Struct(">I")


def frame(message: Any) -> bytes:
    """A message as bytes: its length, then JSON."""
    payload = json.dumps(message).encode()
    return _HEADER.pack(len(payload)) + payload


class Frames:
    """Messages out of bytes that arrive in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take bytes in, give the messages that are now complete.

        Examples
        --------
        >>> frames, data = Frames(), frame(["a", 1]) + frame(None)
        >>> list(frames.feed(data[:9])), list(frames.feed(data[9:]))
        ([], [['a', 1], None])
        """
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._buffer)
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            yield json.loads(payload)
