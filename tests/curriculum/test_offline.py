"""``--offline``: loopback works, everything else fails and says why."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from helpers.curriculum import offline

LOOPBACK = """\
import os
import socket

server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname(), timeout=5)
client.sendall(b"hello")
assert server.accept()[0].recv(5) == b"hello"
pair = socket.socketpair()
assert os.environ["HF_HUB_OFFLINE"] == "1"
"""
# Not Python, so only a network namespace stops it.
SHELL = """\
import subprocess
import sys

shell = subprocess.run(
    ["bash", "-c", "echo x > /dev/tcp/192.0.2.1/80"], capture_output=True, text=True
)
print(shell.returncode, shell.stderr)
child = subprocess.run(
    [sys.executable, "-c", "import socket; socket.create_connection(('192.0.2.1', 1))"],
    capture_output=True,
    text=True,
)
assert "offline run: 192.0.2.1:1 is blocked" in child.stderr
"""
OUTSIDE = "socket.create_connection(('192.0.2.1', 80), timeout=5)"


def test_only_loopback_is_reached(new_project: Callable[[], Any]) -> None:
    project = new_project()
    project.add("01_network", LOOPBACK, SHELL, "## Outside", OUTSIDE)
    outcome = project.command("run", "--scale", "smoke", "--offline")
    assert outcome.returncode == 1
    result = project.result("01_network")
    assert result.offline
    assert result.status == "failed"
    assert result.failure.section == "Outside"
    assert result.failure.message == (
        "OfflineError: offline run: 192.0.2.1:80 is blocked, only this machine's "
        "loopback may be used (socket.getaddrinfo)"
    )
    if f"offline: {offline.NAMESPACE}" in outcome.stdout:
        shown = str(project.executed("01_network"))
        assert "unreachable" in shown
    else:
        assert f"offline: {offline.PYTHON_ONLY}" in outcome.stdout


@pytest.mark.parametrize(
    ("call", "blocked"),
    [
        ("socket.getaddrinfo('example.invalid', 80)", True),
        ("socket.gethostbyname('example.invalid')", True),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 9))", True),
        ("socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))", True),
        ("socket.getaddrinfo('localhost', 80)", False),
        ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))", False),
        ("socket.socket(socket.AF_UNIX).connect('/nowhere')", False),
    ],
)
def test_the_python_fence(call: str, blocked: bool) -> None:
    env = {**os.environ, "PYTHONPATH": str(offline.GUARD)}
    child = subprocess.run(
        [sys.executable, "-c", f"import socket; {call}"],
        capture_output=True,
        text=True,
        env=env,
        check=False,
    )
    assert ("OfflineError: offline run:" in child.stderr) == blocked, child.stderr


def test_another_sitecustomize_still_runs(tmp_path: Any) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('mine')")
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(offline.GUARD), str(tmp_path)]),
    }
    child = subprocess.run(
        [sys.executable, "-c", "pass"], capture_output=True, text=True, env=env
    )
    assert child.stdout == "mine\n", child.stderr
