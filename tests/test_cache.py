"""``@stage``: computed once per arguments and code, in this process or the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers import paths
from helpers.cache import stage

# A copy of the package gets a module whose stage says when it really computes.
MODULE = """\
from helpers.cache import stage

FACTOR = 2


@stage
def scaled(value, shift=0):
    print("computed")
    return FACTOR * value + shift
"""


class Package:
    """A copy of ``helpers`` in which a stage may be edited."""

    def __init__(self, root: Path) -> None:
        self.root = root
        source = Path(__file__).resolve().parents[1] / "helpers"
        (root / "helpers").mkdir()
        for name in ("__init__", "cache", "code_hash", "paths", "other"):
            path = root / "helpers" / f"{name}.py"
            original = source / path.name
            path.write_text(original.read_text() if original.exists() else "")
        self.write(MODULE)

    def write(self, source: str) -> None:
        (self.root / "helpers" / "work.py").write_text(source)

    def run(self, call: str, **environment: str) -> str:
        env = {k: v for k, v in os.environ.items() if not k.startswith("CURRICULUM_")}
        done = subprocess.run(
            [sys.executable, "-c", f"from helpers.work import scaled; print({call})"],
            cwd=self.root,
            env={**env, "PYTHONPATH": str(self.root), **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return " ".join(done.stdout.split())


@pytest.fixture
def package(tmp_path: Path) -> Package:
    return Package(tmp_path)


def test_a_stage_is_computed_once_per_arguments_and_code(package: Package) -> None:
    assert package.run("scaled(3)") == "computed 6"
    assert package.run("scaled(3)") == "6"
    assert package.run("scaled(4), scaled(3, shift=1)") == "computed computed 8 7"
    # Editing the module computes anew; editing one that it does not import, not.
    package.write(MODULE.replace("FACTOR = 2", "FACTOR = 10"))
    assert package.run("scaled(3)") == "computed 30"
    (package.root / "helpers" / "other.py").write_text("x = 1")
    assert package.run("scaled(3)") == "30"
    # Going back finds the first result again.
    package.write(MODULE)
    assert package.run("scaled(3)") == "6"
    assert package.run("scaled(3)", CURRICULUM_CACHE="off") == "computed 6"


def test_an_imported_module_counts(package: Package) -> None:
    source = MODULE.replace("FACTOR = 2", "from helpers.other import FACTOR")
    package.write(source)
    (package.root / "helpers" / "other.py").write_text("FACTOR = 3")
    assert package.run("scaled(3)") == "computed 9"
    (package.root / "helpers" / "other.py").write_text("FACTOR = 4")
    assert package.run("scaled(3)") == "computed 12"


@pytest.mark.parametrize("module", ["__main__", "my_script", "helpers_of_mine"])
def test_stages_from_elsewhere_are_refused(module: str) -> None:
    def loose() -> None: ...

    loose.__module__ = module
    with pytest.raises(TypeError, match="move it to a helpers module"):
        stage(loose)


def test_files_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    paths.write_atomic(path, "one")
    paths.write_atomic(path, b"two")
    assert path.read_text() == "two"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]
