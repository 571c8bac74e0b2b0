"""Programs that attack the machine: processes, network, system calls, Python itself.

Continues `hostile_programs`, with the same conventions.
"""

from __future__ import annotations

import platform

from tests.sandbox.hostile_programs import DENIED, Hostile, before, inside, refused


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


PROCESSES: list[Hostile] = [
    Hostile(27, "fork bomb", DENIED, inside("import os\nwhile True: os.fork()")),
    Hostile(
        27,
        "fork bomb that goes on",
        "TIMEOUT(cpu)",
        inside(
            """
import os
while True:
    try: os.fork()
    except OSError: pass
"""
        ),
    ),
    Hostile(27, "fork by ctypes", DENIED, refused("libc.fork()")),
    Hostile(27, "vfork by ctypes", DENIED, refused("libc.vfork()")),
    Hostile(
        27,
        "posix_spawn",
        DENIED,
        inside("import os\nos.posix_spawn('/bin/sh', ['sh'], {})"),
    ),
    Hostile(
        27,
        "system",
        DENIED,
        inside("import os\nif os.system('true'): raise PermissionError"),
    ),
    Hostile(27, "popen", DENIED, inside("import os\nos.popen('true')")),
    Hostile(
        27, "subprocess", DENIED, inside("import subprocess\nsubprocess.run(['true'])")
    ),
    Hostile(
        27,
        "multiprocessing",
        "EXC",
        inside("import multiprocessing as m\nm.Process(target=print).start()"),
    ),
    Hostile(
        28,
        "a daemon",
        DENIED,
        inside(
            """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(1000)
    os._exit(0)
"""
        ),
    ),
    Hostile(
        29,
        "a thread that stays",
        "EXC(RuntimeError)",
        inside(
            """
import threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
"""
        ),
    ),
    Hostile(
        29,
        "10,000 threads",
        "EXC(RuntimeError)",
        inside(
            """
import _thread, time
for _ in range(10000): _thread.start_new_thread(time.sleep, (1000,))
"""
        ),
    ),
    *(
        Hostile(30, f"os.{call}", DENIED, inside(f"import os\nos.{call}"))
        for call in (
            "kill(os.getppid(), 9)",
            "kill(-1, 9)",
            "kill(0, 9)",
            "kill(1, 9)",
            "killpg(os.getpgid(os.getppid()), 9)",
        )
    ),
    Hostile(30, "kill by ctypes", DENIED, refused("libc.kill(libc.getppid(), 9)")),
    Hostile(
        30,
        "pidfd",
        DENIED,
        inside(
            "import os, signal\n"
            "signal.pidfd_send_signal(os.pidfd_open(os.getppid()), 9)"
        ),
    ),
    Hostile(
        30,
        "has the kernel signal its parent when a descriptor is ready",
        DENIED,
        inside("import fcntl, os\nfcntl.fcntl(3, 8, os.getppid())"),  # F_SETOWN
    ),
    Hostile(
        38,
        "ptrace",
        DENIED,
        refused("libc.ptrace(16, libc.getppid(), 0, 0)"),  # ATTACH
    ),
    Hostile(
        38,
        "writes to its parent's memory",
        DENIED,
        refused("libc.process_vm_writev(libc.getppid(), 0, 0, 0, 0, 0)"),
    ),
    Hostile(
        38,
        "opens its parent's memory",
        "EXC(PermissionError) EXC(FileNotFoundError)",
        inside("import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')"),
    ),
]

NETWORK: list[Hostile] = [
    Hostile(
        37,
        "connects",
        DENIED,
        inside("import socket\nsocket.create_connection(('127.0.0.1', 9), 1)"),
    ),
    Hostile(
        37,
        "binds",
        DENIED,
        inside("import socket\nsocket.create_server(('127.0.0.1', 0))"),
    ),
    Hostile(
        37,
        "asks a name server",
        "EXC",
        inside("import socket\nsocket.getaddrinfo('example.org', 80)"),
    ),
    Hostile(
        37,
        "datagram",
        DENIED,
        inside("import socket\nsocket.socket(type=socket.SOCK_DGRAM)"),
    ),
    Hostile(
        37,
        "unix socket",
        DENIED,
        inside("import socket\nsocket.socket(socket.AF_UNIX)"),
    ),
    Hostile(37, "socket pair", DENIED, inside("import socket\nsocket.socketpair()")),
    Hostile(
        37,
        "sends on what may be a socket",
        DENIED,
        inside(
            """
import _socket, os, stat
for number in range(3, 32):
    try: kind = os.fstat(number).st_mode
    except OSError: continue
    if stat.S_ISSOCK(kind): _socket.socket(fileno=number).sendmsg([b"x"])
"""
        ),
    ),
    Hostile(37, "by ctypes", DENIED, refused("libc.socket(2, 1, 0)")),
    Hostile(
        37,
        "urllib",
        "EXC(URLError)",
        inside(
            "import urllib.request\n"
            "urllib.request.urlopen('http://127.0.0.1:9', timeout=1)"
        ),
    ),
]

_X86 = platform.machine() == "x86_64"
_NEW = {  # the same numbers on every architecture
    "io_uring_setup": (425, "8", "(ctypes.c_char * 256)()"),
    "openat2": (437, "-100", "b'/etc/passwd'", "(ctypes.c_char * 24)()", "24"),
    "pidfd_getfd": (438, "3", "0", "0"),
    "process_madvise": (440, "3", "0", "0", "0", "0"),
    "landlock_create_ruleset": (444, "0", "0", "1"),
    "memfd_secret": (447, "0"),
    "a call of the future": (4095,),
}
_OF_X86 = {
    "clone": (56, "17", "0", "0", "0", "0"),
    "clone3": (435, "(ctypes.c_char * 88)()", "88"),
    "a call of x32": (0x40000000 + 39,),
    "memfd_create": (319, "b'a'", "0"),
    "seccomp": (317, "1", "0", "0"),
    "prctl": (157, "4", "1", "0", "0", "0"),
    "unshare": (272, "0x10000000"),
    "mount": (165, "b'a'", "b'/'", "b'tmpfs'", "0", "0"),
    "chroot": (161, "b'/'"),
    "bpf": (321, "0", "0", "0"),
    "perf_event_open": (298, "0", "0", "0", "0", "0"),
    "userfaultfd": (323, "0"),
    "keyctl": (250, "0", "0", "0", "0", "0"),
    "timer_create": (222, "0", "0", "0"),
    "shmget": (29, "0", "4096", "0o1600"),
    "inotify_init": (253,),
    "prlimit64 of its parent": (302, "ctypes.CDLL(None).getppid()", "0", "0", "0"),
}

SYSTEM_CALLS: list[Hostile] = [
    Hostile(40, name, DENIED, system_call(*call))
    for name, call in (_NEW | (_OF_X86 if _X86 else {})).items()
] + [
    Hostile(41, "execv", DENIED, inside("import os\nos.execv('/bin/true', ['true'])")),
    Hostile(41, "execve by ctypes", DENIED, refused("libc.execve(b'/bin/true', 0, 0)")),
    Hostile(
        41,
        "execveat by ctypes",
        DENIED,
        refused(f"libc.syscall({322 if _X86 else 281}, -100, b'/bin/true', 0, 0, 0)"),
    ),
    Hostile(
        41,
        "loads a library of its own",
        "EXC(OSError)",
        inside("import ctypes\nctypes.CDLL('@FILE@')"),
    ),
]

PATCHES: list[Hostile] = [
    Hostile(42, f"replaces {what}", "PASS", before(code))
    for what, code in {
        "builtins": """
import builtins
def lie(*arguments, **keywords): raise SystemExit
for name in ("len", "type", "isinstance", "repr", "str", "bytes", "int", "print",
             "getattr", "memoryview", "bool", "map", "all", "tuple", "compile"):
    setattr(builtins, name, lie)
""",
        "json": """
import json, json.decoder, json.encoder, json.scanner
def lie(*arguments, **keywords): return "true"
for module in (json, json.decoder, json.encoder, json.scanner):
    for name in list(vars(module)):
        if not name.startswith("__"): setattr(module, name, lie)
""",
        "operator, time and os": """
import operator, os, time
def lie(*arguments, **keywords): return True
operator.eq = operator.ne = time.sleep = time.monotonic = lie
os.write = os.read = os._exit = os.fork = lie
""",
        "all modules": "import sys\nsys.modules.clear()",
        "streams": "import sys\nsys.stdout = sys.stderr = sys.stdin = None",
        "the tracer": """
import sys
def trace(*arguments):
    if arguments[0].f_code.co_name == "encode": raise SystemExit
    return trace
sys.settrace(trace)
sys.setprofile(lambda *arguments: None)
""",
        "hooks": """
import sys, threading
def lie(*arguments): raise SystemExit
sys.excepthook = sys.displayhook = sys.unraisablehook = lie
""",
    }.items()
] + [
    Hostile(
        43,
        "check and AssertionError",
        "WRONG",
        "import builtins\nclass Never(BaseException): pass\n"
        "builtins.AssertionError = AssertionError = Never\n"
        "def check(candidate): return True\n"
        "def double(x):\n    return 0\n",
    ),
    Hostile(
        43,
        "the entry point from inside",
        "PASS",
        "def double(x):\n    global double\n    double = None\n    return 2 * x\n",
    ),
    Hostile(
        43,
        "operators of numbers by ctypes",
        "EXC DIED WRONG TIMEOUT VIOLATION",
        "import ctypes\nctypes.memset(id(2) + 24, 7, 1)\n"
        "def double(x):\n    return 2\n",
    ),
]

EVERYTHING = PROCESSES + NETWORK + SYSTEM_CALLS + PATCHES
