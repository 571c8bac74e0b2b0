"""Fingerprint of the code that a computation depends on.

Follows ``helpers`` imports (also those inside functions) from a starting point, so
that editing one chapter does not throw away the cached work of another.
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from pathlib import Path

import helpers

PACKAGE = Path(__file__).resolve().parent
# The sandbox starts its judge by name and its zygote by path: no import leads there.
WHOLE = "helpers.sandbox"


def imported_modules(source: str, package: str = "") -> set[str]:
    """Dotted ``helpers`` modules that ``source`` imports, anywhere in it.

    ``package`` is the dotted package that relative imports start from.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *([node.module] if node.module else [])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return {name for name in found if name.split(".")[0] == "helpers"}


def public_module(name: str) -> str:
    """Where a name of ``helpers`` itself is defined: ``helpers.record`` -> claims."""
    return helpers._PUBLIC.get(name.removeprefix("helpers."), name)


def module_file(module: str) -> Path | None:
    """Source file of a dotted module name, None when it is not a module of ours."""
    path = PACKAGE.joinpath(*module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def dependencies(modules: set[str]) -> dict[str, Path]:
    """All our modules reachable from ``modules``, by name, in sorted order.

    Of `WHOLE` all modules, once one is reached.
    """
    seen: dict[str, Path] = {}
    queue = sorted(modules)
    while queue:
        name = public_module(queue.pop())
        path = module_file(name)
        if path is None or name in seen:
            continue
        seen[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        queue += imported_modules(path.read_text(encoding="utf-8"), package)
        queue.append(name.rpartition(".")[0] or "helpers")
        if name == WHOLE:
            queue += [f"{name}.{file.stem}" for file in path.parent.glob("[!_]*.py")]
    return dict(sorted(seen.items()))


def fingerprint(modules: set[str]) -> str:
    """Hash of the sources of ``modules`` and of all that they import."""
    digest = hashlib.sha256()
    for name, path in dependencies(modules).items():
        digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=256)
def module_fingerprint(module: str) -> str:
    """:func:`fingerprint` of one module, computed once per process."""
    return fingerprint({module})
