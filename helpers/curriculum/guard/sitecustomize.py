"""Refuse every socket that leaves this machine (loaded by Python at start).

Stands alone on purpose: it runs before anything else in each child process.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from typing import Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}
_RESOLVING = {
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
}


class OfflineError(ConnectionError):
    """A connection that ``--offline`` does not allow."""


def _is_loopback(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None:
        return True
    name = str(host).lower().split("%")[0]
    return name in {"", "localhost", "::1", "0.0.0.0", "::"} or (
        name.removeprefix("::ffff:").startswith("127.")
        and name.removeprefix("::ffff:").replace(".", "").isdigit()
    )


def _target(event: str, arguments: tuple[Any, ...]) -> tuple[Any, Any] | None:
    """Host and port that an event is about; None when nothing leaves."""
    if event in _CONNECTING:
        address = arguments[1]
        if isinstance(address, tuple) and len(address) >= 2:
            return address[0], address[1]
        return None  # AF_UNIX, or a socket that is connected already
    if event == "socket.getnameinfo":
        return arguments[0][0], arguments[0][1]
    return arguments[0], arguments[1] if len(arguments) > 1 else ""


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _CONNECTING and event not in _RESOLVING:
        return
    target = _target(event, arguments)
    if target is not None and not _is_loopback(target[0]):
        raise OfflineError(
            f"offline run: {target[0]}:{target[1]} is blocked, only this machine's "
            f"loopback may be used ({event})"
        )


def _load_next() -> None:
    """Run the ``sitecustomize`` that this one hides, if there is one."""
    rest = [p for p in sys.path if os.path.abspath(p or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", rest)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    sys.addaudithook(_watch)
    _load_next()
