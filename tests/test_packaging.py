"""Dependencies, imports and layout: what is declared is used, and the reverse."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from helpers.code_hash import imported_modules
from helpers.scales import all_specs

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMPOSED = {"capstone"}  # may import every chapter, and none of them this
SHARED = {"curriculum", "llm", "sandbox", "tiny_lm"}
CHAPTERS = {spec.chapter for spec in all_specs()} - SHARED - COMPOSED
LONGEST_MODULE = 350  # lines
LOCKED = ("run", "cluster", "dev", "server", "text")  # what requirements.lock pins
# Distributions named unlike their module that need not be installed.
NAMED_OTHERWISE = {"polygraph": "polygraph-benchmark"}
BY_NAME = ("importlib.import_module", "import_module", "pytest.importorskip")


def requirements(*groups: str) -> dict[str, Requirement]:
    """Declared requirements by canonical name: ``run`` and names of extras."""
    extras = PROJECT["project"]["optional-dependencies"]
    lists = {"run": PROJECT["project"]["dependencies"], **extras}
    found = [Requirement(text) for group in groups for text in lists[group]]
    return {canonicalize_name(r.name): r for r in found if r.name != "reprise"}


def lock() -> dict[str, Version]:
    """Pinned versions by canonical name."""
    pins = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, number = line.partition("==")
            pins[canonicalize_name(name)] = Version(number)
    return pins


def sources(*folders: str) -> Iterator[tuple[Path, str]]:
    """Python source of every module, and of every notebook's code cells."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, path.read_text(encoding="utf-8")
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
            yield path, re.sub(r"(?m)^\s*[%!].*$", "", "\n".join(code))


def imported_names(path: Path, source: str) -> set[str]:
    """Top-level names that a source imports from outside the project."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in BY_NAME:
            literal = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
            names |= {str(name).partition(".")[0] for name in literal}
    ours = {
        "helpers",
        "tests",
        "benchmarks",
        *(p.stem for p in path.parent.glob("*.py")),
    }
    return names - ours - set(sys.stdlib_module_names)


@cache
def used(*folders: str) -> dict[str, str]:
    """Distributions that the folders import, each with one file that does.

    A name that no installed distribution provides stands for itself.
    """
    providers = packages_distributions()
    found: dict[str, str] = {}
    for path, source in sources(*folders):
        for name in imported_names(path, source):
            for distribution in providers.get(name, [NAMED_OTHERWISE.get(name, name)]):
                where = str(path.relative_to(ROOT))
                found.setdefault(canonicalize_name(distribution), where)
    return found


def test_imports_of_helpers_and_notebooks_are_runtime_dependencies() -> None:
    declared = requirements("run", "cluster", "llm", "server", "vllm")
    undeclared = used("helpers", "notebooks").keys() - declared.keys()
    assert not undeclared, {n: used("helpers", "notebooks")[n] for n in undeclared}


def test_imports_of_tests_and_benchmarks_are_declared() -> None:
    declared = requirements(*LOCKED, "bench")
    undeclared = used("tests", "benchmarks").keys() - declared.keys()
    assert not undeclared, {n: used("tests", "benchmarks")[n] for n in undeclared}


def test_declared_packages_are_imported_or_say_why_not() -> None:
    declared = set(requirements(*LOCKED, "bench", "llm", "vllm"))
    imported = set(used("helpers", "notebooks", "tests", "benchmarks"))
    exempt = PROJECT["tool"]["reprise"]["not-imported"]
    names = {canonicalize_name(name) for name in exempt}
    assert not declared - imported - names, "declared, never imported, no reason given"
    assert not names & imported, "imported by now: remove them from not-imported"
    assert not names - declared, "exempt, but not declared"
    assert all(len(reason.split()) >= 3 for reason in exempt.values())


def test_an_extra_called_all_takes_every_other_extra() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    left_out = PROJECT["tool"]["reprise"]["not-in-all"]
    (everything,) = extras["all"]
    assert Requirement(everything).name == "reprise"
    assert Requirement(everything).extras == extras.keys() - {"all", *left_out}
    assert left_out.keys() <= extras.keys()
    assert all(len(reason.split()) >= 3 for reason in left_out.values())


def test_environment_is_thin() -> None:
    text = (ROOT / "environment.yml").read_text(encoding="utf-8")
    *conda, pip = yaml.safe_load(text)["dependencies"]
    python = PROJECT["project"]["requires-python"]
    assert conda == [f"python{python}", "pip"]
    assert pip == {"pip": ["-c requirements.lock", "-e .[all]"]}


def test_lock_holds_names_and_versions_only() -> None:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    bad = [
        p for p in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", p)
    ]
    assert not bad
    assert len(pins) == len(lock())


def test_lock_satisfies_every_declared_range() -> None:
    pins = lock()
    build = {r.name: r for r in map(Requirement, PROJECT["build-system"]["requires"])}
    for name, requirement in {**requirements(*LOCKED), **build}.items():
        assert name in pins, f"{name} is not in requirements.lock: make upgrade lock"
        assert pins[name] in requirement.specifier, requirement


def test_installed_versions_are_the_locked_ones() -> None:
    different = {}
    for name, pin in lock().items():
        try:
            found = Version(installed_version(name)).public
        except PackageNotFoundError:
            continue  # only needed with another Python
        if found != pin.public:
            different[name] = found
    assert not different, "installed but not what the lock names; run make setup"


def needed(requirement: Requirement, extras: set[str], python: str) -> bool:
    """Whether a requirement applies on Linux under a Python version."""
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
    }
    if requirement.marker is None:
        return True
    return any(
        requirement.marker.evaluate({**environment, "extra": extra})
        for extra in extras or {""}
    )


def closure(roots: Iterable[Requirement], pythons: list[str]) -> dict[str, str]:
    """All that ``roots`` need, directly or not, each with what first asked for it."""
    asked: dict[str, str] = {}
    queue = [(requirement, "pyproject.toml") for requirement in roots]
    seen = set()
    while queue:
        requirement, by = queue.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        asked.setdefault(name, by)
        try:
            children = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue
        if name == "torch":  # builds for accelerators pin their own companions
            children = [c for c in children if canonicalize_name(c.name) in lock()]
        for child in children:
            if any(
                needed(child, set(requirement.extras), python) for python in pythons
            ):
                queue.append((child, name))
    return asked


def test_lock_is_complete_and_holds_nothing_else() -> None:
    build = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
    roots = [*requirements(*LOCKED).values(), *build]
    pins = lock()
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    missing = {n: by for n, by in closure(roots, [here]).items() if n not in pins}
    assert not missing, "not in requirements.lock: make upgrade lock"
    unused = pins.keys() - closure(roots, ["3.11", "3.12", "3.13"]).keys()
    assert not unused, "in requirements.lock, but nothing needs it"


def test_importing_helpers_is_light() -> None:
    heavy = ["matplotlib", "numba", "numpy", "pandas", "torch", "transformers"]
    code = f"import helpers, sys; print(*set({heavy}) & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_only_the_ray_modules_need_the_extra_called_cluster() -> None:
    names = [
        f"helpers.spot_tuning.{path.stem}"
        for path in sorted((ROOT / "helpers" / "spot_tuning").glob("[!_]*.py"))
        if not path.name.startswith("ray_")
    ]
    blocked = dict.fromkeys(requirements("cluster"))
    code = (
        f"import importlib, sys; sys.modules.update({blocked})\n"
        f"for name in {names}: importlib.import_module(name)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def modules() -> list[Path]:
    return sorted((ROOT / "helpers").rglob("*.py"))


def within_reach(path: Path) -> set[str]:
    """Chapters that a module may import: its own; all of them where it composes."""
    folder = path.relative_to(ROOT / "helpers").parts[0]
    if folder in COMPOSED:
        return CHAPTERS | {folder}
    return {folder} & CHAPTERS


def chapters_reached(source: str, package: str) -> set[str]:
    """Chapters that a module names: imports, relative ones too, and import_module.

    What composes chapters counts as one of them.
    """
    names = imported_modules(source, package)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            names |= set(re.findall(r"^helpers(?:\.\w+)+$", node.value))
    parts = {name.split(".")[1] for name in names if "." in name}
    return parts & (CHAPTERS | COMPOSED)


@pytest.mark.parametrize(
    "source",
    [
        "import helpers.lora_dropout.layer",
        "from helpers import lora_dropout",
        "from helpers.lora_dropout.layer import Layer",
        "from ..lora_dropout import layer",
        "from .. import lora_dropout",
        "def f():\n    import helpers.lora_dropout as other",
        "layer = import_module('helpers.lora_dropout.layer')",
    ],
)
def test_the_import_graph_sees_every_way_to_reach_a_chapter(source: str) -> None:
    assert chapters_reached(source, "helpers.spot_tuning") == {"lora_dropout"}
    assert chapters_reached("from . import layer", "helpers.spot_tuning") == {
        "spot_tuning"
    }


def test_only_what_composes_chapters_may_import_several() -> None:
    helpers = ROOT / "helpers"
    assert within_reach(helpers / "capstone" / "trial.py") == CHAPTERS | COMPOSED
    assert within_reach(helpers / "spot_tuning" / "job.py") == {"spot_tuning"}
    assert within_reach(helpers / "claims.py") == set()
    back = "from helpers.capstone.trial import LoraTrial"
    assert chapters_reached(back, "helpers.spot_tuning") == COMPOSED


def test_chapters_stand_alone_and_shared_modules_know_none() -> None:
    crossings = {}
    for path in modules():
        dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package = dotted.rpartition(".")[0]
        reached = chapters_reached(path.read_text(encoding="utf-8"), package)
        if others := reached - within_reach(path):
            crossings[dotted] = sorted(others)
    assert not crossings


def test_helpers_has_one_folder_per_paper() -> None:
    packages = {p.parent.name for p in (ROOT / "helpers").glob("*/__init__.py")}
    assert packages == CHAPTERS | COMPOSED | SHARED


def test_modules_are_short_and_say_what_they_are() -> None:
    texts = {str(p.relative_to(ROOT)): p.read_text(encoding="utf-8") for p in modules()}
    lengths = {name: len(text.splitlines()) for name, text in texts.items()}
    assert not {n: k for n, k in lengths.items() if k > LONGEST_MODULE}
    public = {n: t for n, t in texts.items() if not Path(n).name.startswith("_")}
    public |= {n: t for n, t in texts.items() if n.endswith("__init__.py")}
    assert not [
        n for n, text in public.items() if not ast.get_docstring(ast.parse(text))
    ]


def test_no_committed_file_names_a_place_on_somebodys_machine() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: cannot tell committed files")
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    place = re.compile(r"(?<![\w.}])/(?:work|root|home|Users|tmp)/|\.\./sha" "red")
    named = []
    for name in listing.stdout.splitlines():
        path = ROOT / name
        if name == ".ci/run" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if place.search(line):
                named.append(f"{name}:{number}: {line.strip()[:80]}")
    assert not named
