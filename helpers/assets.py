"""Models and data sets of scale ``paper``: what they are, and where they lie here.

A notebook's table lists them under ``[[assets]]``. ``curriculum fetch`` puts them into
the store, one folder each, and writes the commit, size and SHA-256 of every file into
the store's lock. Whoever reads an asset finds it through the lock, which is checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from helpers import paths
from helpers.parameters import ParameterError
from helpers.paths import write_atomic

LOCK = "assets.lock.json"
_CHECKED = ".checked.json"  # hashes of files that have not changed since
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Commit = Annotated[str, Field(pattern="^[0-9a-f]{40}$")]


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"{name!r} is no relative path")
    return name


RelativePath = Annotated[str, AfterValidator(_inside)]


class AssetError(ParameterError):
    """An asset that is missing, damaged, or not the one that was meant."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AssetFile(_Strict):
    """A file behind a URL; what is not known of it is learned by the first fetch."""

    name: RelativePath = Field(description="its path in the asset's folder")
    url: str = Field(pattern="^https?://")
    bytes: int | None = Field(None, gt=0)
    sha256: Sha256 | None = None
    md5: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    unpack: bool = Field(False, description="a zip archive, of which members are kept")


class Asset(_Strict):
    """A model or data set: a repository of the hub, or files behind URLs."""

    id: str = Field(
        pattern="^[a-z0-9][a-z0-9._-]*$", description="its name in the lock"
    )
    kind: Literal["model", "dataset", "files"]
    source: str = Field(
        description="repository of the hub, or where the files are from"
    )
    revision: Commit | None = Field(
        None, description="commit of the repository; without it, the first fetch's"
    )
    patterns: list[str] = Field(
        default_factory=list, description="which of the repository's files; all else"
    )
    files: list[AssetFile] = Field(default_factory=list)
    licence: str = Field(min_length=1, description="or that none is known")
    access: str = Field("", description="page of the form to accept first")
    mib: int | None = Field(
        None, gt=0, description="about; only where the files do not say it"
    )
    used_by: str = Field(description="which code reads it, in a few words")
    folder: RelativePath | None = Field(None, description="in the store; its id, else")
    parameters: list[str] = Field(
        default_factory=list, description="of the notebook, that name another instead"
    )
    when: dict[str, list[Any]] = Field(
        default_factory=dict,
        description="values of parameters with which the notebook reads it; any, else",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Asset:
        if (self.kind == "files") != bool(self.files):
            raise ValueError(f"{self.id}: a list of files is for kind 'files' only")
        return self

    def wanted(self, values: Mapping[str, Any]) -> bool:
        """Whether the notebook reads it when its parameters have these values."""
        return all(values[name] in allowed for name, allowed in self.when.items())

    @property
    def place(self) -> str:
        """Its folder, relative to the store."""
        return self.folder or self.id

    @property
    def size_mib(self) -> float | None:
        """Download in MiB; None where nobody has said it."""
        sizes = [file.bytes for file in self.files]
        if sizes and None not in sizes:
            return sum(filter(None, sizes)) / 2**20
        return self.mib

    @property
    def size(self) -> str:
        """The same in words."""
        if self.size_mib is None:
            return "size unknown"
        about = "about " if self.mib is not None else ""
        return f"{about}{self.size_mib:,.0f} MiB"


class FileHash(_Strict):
    """What a file must be."""

    bytes: int
    sha256: Sha256


class Locked(_Strict):
    """An asset as it was fetched."""

    source: str
    revision: Commit | None = None
    folder: RelativePath
    files: dict[RelativePath, FileHash]
    archives: dict[str, Sha256] = Field(
        default_factory=dict, description="of what the files were unpacked from"
    )


def lock_of(folder: Path) -> dict[str, Locked]:
    """What the lock in ``folder`` says; empty where there is none.

    Raises
    ------
    AssetError
        If it is no lock.
    """
    path = folder / LOCK
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {name: Locked.model_validate(entry) for name, entry in content.items()}
    except (ValueError, AttributeError, ValidationError) as error:
        line = str(error).splitlines()[0]
        raise AssetError(f"{path} is no lock of assets ({line})") from None


def lock_asset(folder: Path, name: str, entry: Locked) -> None:
    """Add or replace one entry; a reader sees the old lock or the new one."""
    entries = lock_of(folder) | {name: entry}
    content = {key: entries[key].model_dump(mode="json") for key in sorted(entries)}
    write_atomic(folder / LOCK, json.dumps(content, indent=1) + "\n")


def expected(name: str, store: Path) -> Locked | None:
    """What an asset must be: by the committed lock, else by the store's own.

    A copy of a store's lock at ``data/assets.lock.json`` binds every other machine.
    """
    return lock_of(paths.DATA).get(name) or lock_of(store).get(name)


def damaged(entry: Locked, store: Path) -> list[str]:
    """Files of an asset that are not what the lock says, in words; empty if all are."""
    found = []
    known = _read_checked(store)
    before = dict(known)
    for name, wanted in entry.files.items():
        path = store / entry.folder / name
        if not path.is_file():
            found.append(f"{name} is missing")
        elif path.stat().st_size != wanted.bytes:
            found.append(f"{name} has {path.stat().st_size} bytes, not {wanted.bytes}")
        elif _sha256(path, store, known) != wanted.sha256:
            found.append(f"{name} has another SHA-256")
    if known != before:
        with suppress(OSError):  # a store may be read-only; it is hashed again then
            write_atomic(store / _CHECKED, json.dumps(known))
    return found


def file_hash(path: Path) -> FileHash:
    """Size and SHA-256 of a file, read now."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileHash(bytes=path.stat().st_size, sha256=digest)


def stored(name: str, store: Path | None = None) -> Path | None:
    """Folder of a fetched asset, by its id or its repository; None if there is none.

    Raises
    ------
    AssetError
        If its files are not those of the lock.
    """
    store = store or paths.store()
    names = [name] + [k for k, e in lock_of(store).items() if e.source == name]
    for key in names:
        if key in lock_of(store) and (entry := expected(key, store)) is not None:
            if wrong := damaged(entry, store):
                raise AssetError(
                    f"{store / entry.folder} is not what was fetched: {wrong[0]}; "
                    "curriculum fetch repairs it"
                )
            return store / entry.folder
    return None


def here(name: str) -> Path | None:
    """Folder of a fetched asset, else one of this name that the reader has made."""
    own = paths.user_data()
    found = stored(name)
    return found or (own / name if own and (own / name).is_dir() else None)


def needed(name: str) -> Path:
    """The same, where nothing can be done without it.

    Raises
    ------
    FileNotFoundError
        If it is not there.
    AssetError
        If its files are not those of the lock.
    """
    found = here(name)
    if found is None:
        raise FileNotFoundError(
            f"no {name} in {paths.store()}; curriculum fetch brings it, a parameter or "
            "CURRICULUM_DATA names a folder of your own"
        )
    return found


def local(model: str | Path) -> str | Path:
    """The fetched copy of a repository of the hub; else what was given."""
    if Path(model).exists():
        return model
    return stored(str(model)) or model


def revision_of(source: str) -> str | None:
    """Commit of the fetched copy of a repository; None where there is none."""
    found = [e.revision for e in lock_of(paths.store()).values() if e.source == source]
    return found[0] if found else None


def lock_text(names: Iterable[str]) -> str:
    """What the locks say of some assets, for the key of a run."""
    entries = [expected(name, paths.store()) for name in names]
    return "\n".join(entry.model_dump_json() for entry in entries if entry)


def _read_checked(store: Path) -> dict[str, list[int | str]]:
    try:
        return json.loads((store / _CHECKED).read_text())
    except (OSError, ValueError):
        return {}


def _sha256(path: Path, store: Path, known: dict[str, list[int | str]]) -> str:
    stat = path.stat()
    key = path.relative_to(store).as_posix()
    entry = known.get(key)
    if entry is None or entry[:2] != [stat.st_size, stat.st_mtime_ns]:
        digest = file_hash(path).sha256
        known[key] = entry = [stat.st_size, stat.st_mtime_ns, digest]
    return str(entry[2])
