"""bubblewrap: the zygote in namespaces of its own, a wall around the other walls.

No network, no other processes, no files but the interpreter's libraries, nothing to
write to. Needs the program ``bwrap`` and a kernel that gives it user namespaces.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path


def command(interpreter: str) -> list[str]:
    """Prefix that runs a command of the interpreter inside bubblewrap."""
    program = shutil.which("bwrap")
    if program is None:
        raise FileNotFoundError("there is no bwrap on the PATH")
    bound: list[str] = []
    for path in _shown(interpreter):
        if not os.path.exists(path):
            continue
        if os.path.islink(path) and path.count("/") == 1:  # merged /usr
            bound += ["--symlink", os.readlink(path), path]
        else:
            bound += ["--ro-bind", path, path]
    folder = work_folder(interpreter)
    return [
        *(program, "--unshare-all", "--die-with-parent", "--new-session"),
        *("--cap-drop", "ALL", "--hostname", "sandbox"),
        *bound,
        *("--dev", "/dev", "--dir", folder, "--remount-ro", "/", "--chdir", folder),
        "--",
    ]


def work_folder(interpreter: str) -> str:
    """The empty folder inside: none that something shown lies in."""
    folder = "/work"
    while any(f"{path}/".startswith(f"{folder}/") for path in _shown(interpreter)):
        folder += "_"
    return folder


def _shown(interpreter: str) -> list[str]:
    """Places outside that can be read inside."""
    system = ["/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache"]
    return [*system, sys.base_prefix, interpreter, str(Path(__file__).parent)]


@cache
def problem(interpreter: str) -> str:
    """Why bubblewrap cannot be used here; empty if it can. Tried once."""
    try:
        trial = [*command(interpreter), interpreter, "-I", "-S", "-c", "pass"]
        done = subprocess.run(
            trial, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
    return last[0]
