"""Stand-ins go the way of the real thing: mirror, fetch, lock, and then no network."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from huggingface_hub import constants

from helpers import assets, paths
from helpers.assets import Asset, AssetFile, Locked, file_hash
from helpers.curriculum import fetch
from helpers.scales import find_spec

Build = Callable[[Path], None]
Fetch = Callable[[str, Mapping[str, Build]], None]


def without_hashes(asset: Asset) -> Asset:
    """The table's entry for files of other contents."""
    free = {"bytes": None, "sha256": None, "md5": None}
    files = [AssetFile(**{**file.model_dump(), **free}) for file in asset.files]
    return asset.model_copy(update={"files": files})


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fetch:
    """Lays stand-ins out in a mirror, and fetches them by the notebook's own table."""
    store, mirror = tmp_path / "store", tmp_path / "mirror"
    monkeypatch.setenv("CURRICULUM_DATA", str(store))
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    store.mkdir()

    def refuse(*_: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)

    def bring(number: str, builds: Mapping[str, Build]) -> None:
        table = {asset.id: asset for asset in find_spec(number).assets}
        for name, build in builds.items():
            asset = without_hashes(table[name])
            folder = mirror / name / asset.place
            folder.mkdir(parents=True)
            build(folder)
            there = [p for p in sorted(folder.rglob("*")) if p.is_file()]
            names = [path.relative_to(folder).as_posix() for path in there]
            files = {n: file_hash(p) for n, p in zip(names, there, strict=True)}
            packed = [file.name for file in asset.files if file.unpack]
            entry = Locked(
                source=asset.source,
                revision=asset.revision,
                folder=asset.place,
                files=files,
                archives=dict.fromkeys(packed, "0" * 64),
            )
            assets.lock_asset(mirror / name, name, entry)
            wanted = fetch.look_up(asset, store, mirror / name)
            fetch.fetch(wanted, store, mirror / name)
            assert assets.stored(name) == store / asset.place

    return bring


def run_of(scale: str = "paper", **parameters: Any) -> SimpleNamespace:
    """What a notebook's cell knows as ``run``."""
    return SimpleNamespace(scale=scale, seed=0, seeds=[0], **parameters)


def cell(notebook: str, name: str) -> str:
    """Source of a cell by its id."""
    path = find_spec(notebook).path
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (found,) = ("".join(c["source"]) for c in cells if c["id"] == name)
    return found


def execute(notebook: str, name: str, **names: Any) -> dict[str, Any]:
    """Run a cell with the names that it expects; what it has left behind."""
    space = {"BUILD": paths.BUILD, "needed": assets.needed, "display": print, **names}
    exec(compile(cell(notebook, name), f"{notebook}:{name}", "exec"), space)
    return space
