"""The tiers of the sandbox, weakest first, and which of them this machine has.

========== ====================================================================
process    a process with resource limits and a clean environment; any POSIX.
           For programs that nobody wrote to do harm: it may still read, write,
           fork and connect whatever its user may.
seccomp    besides, an allow list of system calls, Landlock where the kernel has
           it, no capabilities; Linux on x86-64 and aarch64.
bubblewrap besides, mount, process, network, user and IPC namespaces of its own.
container  the whole notebook in a container without network: not started from
           here, see `CONTAINER`.
========== ====================================================================
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from helpers.names import unknown_name
from helpers.sandbox import bubblewrap, landlock, seccomp

TIERS = ("process", "seccomp", "bubblewrap")
CONTAINER = (
    "docker run --rm --network none --read-only --tmpfs /tmp --cap-drop ALL "
    '--pids-limit 256 --memory 4g -v "$PWD:/reprise:ro" IMAGE COMMAND'
)


def interpreter() -> str:
    """The interpreter that programs run on: that of this process, without its venv."""
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def problems(tier: str) -> str:
    """Why a tier cannot be had here, and what to do; empty if it can."""
    if os.name != "posix":
        return "needs Linux or macOS; on Windows use WSL"
    if tier == "process":
        return ""
    if not sys.platform.startswith("linux"):
        return "needs Linux; elsewhere run the notebook in a container: " + CONTAINER
    if seccomp.architecture() is None:
        return "has tables of system calls for 64-bit x86 and ARM only"
    if not seccomp.available():
        return "needs a kernel with seccomp filters (CONFIG_SECCOMP_FILTER)"
    if tier == "bubblewrap":
        trouble = bubblewrap.problem(interpreter())
        if trouble:
            return (
                f"does not work here ({trouble}): install bubblewrap, and allow "
                "unprivileged user namespaces where the system restricts them"
            )
    return ""


def available_tiers() -> tuple[str, ...]:
    """Names of the tiers that work on this machine, weakest first."""
    return tuple(tier for tier in TIERS if not problems(tier))


def choose(tier: str | None) -> str:
    """The tier asked for, or the strongest one; never less than ``"seccomp"`` unasked.

    Raises
    ------
    ValueError
        If there is no such tier.
    RuntimeError
        If it cannot be had here, with what to do about it.
    """
    if tier is None:
        for name in reversed(TIERS[1:]):
            if not problems(name):
                return name
        raise RuntimeError(
            f"no tier of the sandbox that holds works here: seccomp "
            f"{problems('seccomp')}. For programs that you trust, ask for "
            "Sandbox(tier='process')"
        )
    if tier == "container":
        raise RuntimeError(
            "a container is started around the notebook, not by it, and the sandbox "
            f"then used inside it as anywhere: {CONTAINER}"
        )
    if tier not in TIERS:
        raise unknown_name("tier", tier, [*TIERS, "container"])
    if trouble := problems(tier):
        raise RuntimeError(f"tier {tier} {trouble}")
    return tier


def command(tier: str) -> list[str]:
    """What starts a zygote, without its settings."""
    python = interpreter()
    script = str(Path(__file__).with_name("zygote.py"))
    start = [python, "-s", "-S", "-B", "-P", "-X", "utf8", "-W", "ignore", script]
    return [*bubblewrap.command(python), *start] if tier == "bubblewrap" else start


def banner(tier: str | None = None) -> str:
    """One line: the tier, what it holds, and what this machine lacks."""
    name = choose(tier)
    holds = ["memory, time and output limits", "clean environment"]
    lacks = []
    if name == "process":
        lacks = ["system calls and files are free: only for programs you trust"]
    else:
        holds.append("seccomp allow list")
        version = landlock.version()
        if version:
            holds.append(f"Landlock {version}")
        else:
            lacks.append("no Landlock: files of this user can be read, not sent")
        if name == "bubblewrap":
            holds.append("namespaces")
        else:
            lacks.append("no bubblewrap")
    return f"sandbox: tier {name} ({', '.join(holds)}); missing: " + (
        "; ".join(lacks) or "nothing"
    )
