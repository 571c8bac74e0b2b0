"""Programs that read, write or remove what is not theirs.

Continues `hostile_programs`, with the same conventions.
"""

from __future__ import annotations

from tests.sandbox.hostile_programs import DENIED, Hostile, inside, refused

_READING = "EXC(PermissionError) EXC(FileNotFoundError) EXC(OSError)"

FILES: list[Hostile] = [
    *(
        Hostile(31, f"removes a file: {code[:40]}", _READING, inside(code))
        for code in (
            "import os\nos.unlink('@FILE@')",
            "import posix\nposix.unlink('@FILE@')",
            "import importlib, os\nimportlib.reload(os).remove('@FILE@')",
            "import pathlib\npathlib.Path('@FILE@').unlink()",
            "import os\nos.rename('@FILE@', '@FILE@.2')",
            "import os\nos.replace('/dev/null', '@FILE@')",
            "import shutil\nshutil.move('@FILE@', '@FILE@.2')",
            "import os\nos.link('@FILE@', '@FILE@.2')",
            "import os\nos.symlink('@FILE@', '@FILE@.2')",
            "import os\nos.chmod('@FILE@', 0)",
            "import os\nos.utime('@FILE@', (0, 0))",
            "import os\nos.chown('@FILE@', 1, 1)",
            "import os\nos.setxattr('@FILE@', 'user.a', b'')",
        )
    ),
    Hostile(31, "by ctypes", DENIED, refused("libc.unlink(b'@FILE@')")),
    Hostile(31, "by ctypes, at", DENIED, refused("libc.unlinkat(-100, b'@FILE@', 0)")),
    *(
        Hostile(32, f"writes a file: {code[:40]}", _READING, inside(code))
        for code in (
            "open('@FILE@', 'w')",
            "open('@FILE@', 'a')",
            "open('@FILE@', 'r+')",
            "open('@FILE@.new', 'x')",
            "import io\nio.FileIO('@FILE@', 'w')",
            "import os\nos.open('@FILE@', os.O_WRONLY)",
            "import os\nos.open('@FILE@', os.O_RDONLY | os.O_TRUNC)",
            "import os\nos.open('@FOLDER@', os.O_TMPFILE | os.O_RDWR)",
            "import os\nos.truncate('@FILE@', 0)",
            "import os\nos.mkdir('@FOLDER@/new')",
            "import os\nos.mkfifo('@FOLDER@/new')",
            "import os\nos.mknod('@FOLDER@/new')",
            "import tempfile\ntempfile.TemporaryFile()",
            "open('here', 'w')",
            "import os\nos.chdir('/')\nopen('here', 'w')",
        )
    ),
    Hostile(
        32,
        "a database",
        "EXC(OperationalError)",
        inside(
            "import sqlite3\n"
            "sqlite3.connect('@FOLDER@/new').execute('create table a (b)')"
        ),
    ),
    Hostile(32, "by ctypes", DENIED, refused("libc.open(b'@FILE@', 1)")),
    Hostile(32, "creat by ctypes", DENIED, refused("libc.creat(b'@FILE@', 0)")),
    Hostile(
        33,
        "deletes a tree",
        _READING,
        inside("import shutil\nshutil.rmtree('@FOLDER@')"),
    ),
    Hostile(
        33,
        "deletes a tree, whatever happens",
        "PASS",
        inside("import shutil\nshutil.rmtree('@FOLDER@', ignore_errors=True)"),
    ),
    Hostile(
        33,
        "deletes its home",
        "EXC TIMEOUT(cpu) PASS",
        inside(
            """
import os
for folder, folders, files in os.walk('/', topdown=False):
    for name in files: os.unlink(os.path.join(folder, name))
"""
        ),
    ),
    Hostile(
        34,
        "fills the disk",
        DENIED,
        inside(
            "with open('full', 'wb') as f:\n    while True: f.write(bytes(1 << 20))"
        ),
    ),
    Hostile(
        34,
        "uses up all inodes",
        DENIED,
        inside("import os\nfor i in range(10**9): os.mkdir(str(i))"),
    ),
    Hostile(
        34,
        "asks for a core dump",
        "EXC(ValueError) EXC(PermissionError)",
        inside(
            """
import ctypes, resource
resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
ctypes.string_at(0)
"""
        ),
    ),
    Hostile(
        39,
        "its chance to be killed",
        _READING,
        inside("open('/proc/self/oom_score_adj', 'w').write('-1000')"),
    ),
    Hostile(
        39, "a kernel setting", _READING, inside("open('/proc/sys/kernel/panic', 'w')")
    ),
    Hostile(39, "its priority", DENIED, inside("import os\nos.setpriority(0, 0, -20)")),
    Hostile(
        39,
        "its limits",
        "EXC(ValueError) EXC(PermissionError)",
        inside("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 1))"),
    ),
    Hostile(39, "a bigger group", DENIED, refused("libc.setpgid(0, 1)")),
    Hostile(39, "another user", DENIED, refused("libc.setuid(1)")),
]

SECRETS: list[Hostile] = [
    Hostile(
        35,
        "the environment",
        "EXC(KeyError)",
        inside("import os\nos.environ['@VARIABLE@']"),
    ),
    Hostile(
        35,
        "the environment of C",
        "EXC(KeyError)",
        inside(
            """
import ctypes
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
if getenv(b'@VARIABLE@') is None: raise KeyError
"""
        ),
    ),
    Hostile(
        36,
        "environments of all processes",
        "EXC(KeyError)",
        inside(
            """
import os
for number in range(1, 100000):
    try:
        with open(f'/proc/{number}/environ') as file:
            if '@VARIABLE@' in file.read(): break
    except OSError: pass
else: raise KeyError
"""
        ),
    ),
    *(
        Hostile(36, f"reads {path}", _READING, inside(f"open({path!r}).read()"))
        for path in (
            "@FILE@",
            "/etc/passwd",
            "/proc/self/environ",
            "/proc/self/maps",
            "/proc/self/root@FILE@",
            "/proc/1/environ",
            "/dev/mem",
            "/lib/../@FILE@",
        )
    ),
    Hostile(
        36,
        "its parent's environment",
        _READING,
        inside("import os\nopen(f'/proc/{os.getppid()}/environ').read()"),
    ),
    Hostile(
        36, "lists a folder", _READING, inside("import os\nos.listdir('@FOLDER@')")
    ),
    Hostile(
        36, "lists all processes", _READING, inside("import os\nos.listdir('/proc')")
    ),
    Hostile(36, "reads by ctypes", DENIED, refused("libc.open(b'@FILE@', 0)")),
    Hostile(
        36,
        "reads through another descriptor",
        _READING,
        inside(
            "import os\nos.open('.@FILE@', os.O_RDONLY, dir_fd=os.open('/', os.O_PATH))"
        ),
    ),
    Hostile(
        36,
        "finds the tests in its folder, arguments or modules",
        "EXC(KeyError)",
        inside(
            """
import os, sys
found = os.listdir('.') + [a for a in sys.argv if 'cases' in a]
found += [m for m in sys.modules if m.startswith('helpers')]
found += [p for p in sys.path if 'site-packages' in p]
if not found: raise KeyError
"""
        ),
    ),
]
