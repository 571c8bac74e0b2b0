"""``curriculum fetch``: assets into the store, from the net or from a mirror.

A mirror is another store, on a disk or a network drive. Either way a file counts only
once its SHA-256 is right: that of the notebook's table, else of a lock, else, at the
very first fetch, the one that it turned out to have.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from helpers import assets as store_files
from helpers.assets import Asset, AssetError, FileHash, Locked, file_hash
from helpers.curriculum import hub
from helpers.downloads import DownloadError, copy, download
from helpers.scales import NotebookSpec

Say = Callable[[str], None]
_LARGEST = 4 * 2**30  # bytes of an archive's members together


@dataclass(frozen=True)
class Wanted:
    """An asset, where it is to come from, and what is known of it before.

    Attributes
    ----------
    asset : Asset
    known : Locked, optional
        What it must be; None for the first fetch of one without published hashes.
    bytes : int
        Still to come; 0 where nobody knows.
    repository : hub.Repository, optional
        What the hub says of it.
    """

    asset: Asset
    known: Locked | None
    bytes: int
    repository: hub.Repository | None = None


def assets_of(specs: Sequence[NotebookSpec], extras: bool) -> list[Asset]:
    """Assets of some notebooks, each once.

    Those that other values of a notebook's parameters need come if asked for.
    """
    found = {
        asset.id: asset
        for spec in specs
        for asset in spec.assets
        if extras or asset.wanted(spec.defaults())
    }
    return list(found.values())


def is_fetched(asset: Asset, store: Path) -> bool:
    """Whether it lies in the store as the locks and the table say."""
    entry = store_files.expected(asset.id, store)
    mine = store_files.lock_of(store).get(asset.id)
    if entry is None or mine != entry or _disagreement(asset, entry):
        return False
    return not store_files.damaged(entry, store)


def look_up(asset: Asset, store: Path, mirror: Path | None) -> Wanted:
    """What there is to fetch of an asset.

    Raises
    ------
    AssetError, DownloadError
        If it cannot be had, or locks and table disagree.
    """
    known = store_files.expected(asset.id, store)
    if known and (why := _disagreement(asset, known)):
        # the table has moved on since this store was filled
        if known == store_files.lock_of(store).get(asset.id):
            known = None
        else:
            raise AssetError(f"{asset.id}: {why} in data/{store_files.LOCK}")
    if mirror is not None:
        theirs = store_files.lock_of(mirror).get(asset.id)
        if theirs is None:
            raise AssetError(
                f"{asset.id} is not in {mirror}; fill a mirror with: curriculum fetch "
                f"--to {mirror}"
            )
        if why := _disagreement(asset, theirs):
            raise AssetError(f"{asset.id}: {why} in {mirror / store_files.LOCK}")
        if known and known.files != theirs.files:
            raise AssetError(f"{asset.id}: {mirror} has other files than the lock")
        sizes = {name: wanted.bytes for name, wanted in theirs.files.items()}
        return Wanted(asset, theirs, _to_come(asset, store, sizes))
    if asset.kind == "files":
        sizes = {file.name: file.bytes or 0 for file in asset.files}
        left = _to_come(asset, store, sizes)
        return Wanted(asset, known, left if asset.mib is None else asset.mib * 2**20)
    revision = (known and known.revision) or asset.revision
    there = hub.look_up(asset, revision)
    return Wanted(asset, known, _to_come(asset, store, there.sizes), there)


def _to_come(asset: Asset, store: Path, sizes: dict[str, int]) -> int:
    """Bytes that are not in the store yet, whole or in part."""
    folder = store / asset.place
    here = [folder / name for name in sizes]
    here += [path.with_name(f"{path.name}.part") for path in here]
    here += (folder / ".cache").rglob("*.incomplete")  # of the hub's library
    return max(
        0, sum(sizes.values()) - sum(p.stat().st_size for p in here if p.exists())
    )


def check_disk(wanted: Sequence[Wanted], store: Path) -> None:
    """Refuse to begin what would not fit.

    Raises
    ------
    AssetError
        With the MiB that are lacking.
    """
    place = store
    while not place.exists():
        place = place.parent
    free, need = shutil.disk_usage(place).free, sum(one.bytes for one in wanted)
    if need > free:
        raise AssetError(
            f"{need / 2**20:,.0f} MiB are to come, but {store} has "
            f"{free / 2**20:,.0f} MiB free; allowed: --to another folder"
        )


def fetch(wanted: Wanted, store: Path, mirror: Path | None) -> Locked:
    """One asset, whole and checked, with its entry in the store's lock.

    Raises
    ------
    AssetError, DownloadError
        If it cannot be had or is another; the lock then has no such entry.
    """
    asset, known = wanted.asset, wanted.known
    folder = store / asset.place
    folder.mkdir(parents=True, exist_ok=True)
    if mirror is not None:
        assert known is not None
        entry = _copy(known, mirror, store, asset)
    elif wanted.repository is not None:
        entry = _from_hub(asset, known, wanted.repository, folder)
    else:
        entry = _from_urls(asset, known, folder)
    if known and (entry.files != known.files or entry.revision != known.revision):
        raise AssetError(
            f"{asset.id} has changed since it was locked; if that is meant, remove its "
            "entry from the lock"
        )
    store_files.lock_asset(store, asset.id, entry)
    return entry


def _from_hub(
    asset: Asset, known: Locked | None, there: hub.Repository, folder: Path
) -> Locked:
    if known:
        for name, wanted in known.files.items():
            # a file that was damaged here looks complete to the hub's library
            if (folder / name).exists() and file_hash(folder / name) != wanted:
                (folder / name).unlink()
    hub.copy_repository(asset, there, folder)
    files = {name: file_hash(folder / name) for name in there.sizes}
    published = dict(there.sha256)
    if known:
        published |= {name: wanted.sha256 for name, wanted in known.files.items()}
    for name, digest in published.items():
        if name in files and files[name].sha256 != digest:
            (folder / name).unlink()
            raise DownloadError(
                f"{asset.source}: {name} has the sha256 {files[name].sha256}, "
                f"expected {digest}"
            )
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # how far the files had come
    return Locked(
        source=asset.source,
        revision=there.revision,
        folder=asset.place,
        files=files,
    )


def _from_urls(asset: Asset, known: Locked | None, folder: Path) -> Locked:
    files: dict[str, FileHash] = {}
    archives = {}
    for file in asset.files:
        path = folder / file.name
        before = known.files.get(file.name) if known else None
        digest = (known and known.archives.get(file.name)) or file.sha256
        digest = before.sha256 if before else digest
        there = path.is_file() and file_hash(path).sha256
        if not there or there != digest:
            download(file.url, path, bytes=file.bytes, sha256=digest, md5=file.md5)
        if not file.unpack:
            files[file.name] = file_hash(path)
            continue
        archives[file.name] = file_hash(path).sha256
        members = unpack(path, folder)
        files |= {name: file_hash(folder / name) for name in members}
        path.unlink()
    return Locked(
        source=asset.source,
        revision=asset.revision,
        folder=asset.place,
        files=files,
        archives=archives,
    )


def unpack(archive: Path, folder: Path) -> list[str]:
    """Write a zip archive's files below ``folder``; their relative names.

    Raises
    ------
    DownloadError
        If it is no archive, is unsafe, or unpacks to more than 4 GiB.
    """
    try:
        opened = zipfile.ZipFile(archive)
    except zipfile.BadZipFile:
        archive.unlink()
        raise DownloadError(f"{archive.name} is not a zip archive") from None
    names = []
    with opened:
        members = [
            m
            for m in opened.infolist()
            if not m.is_dir()
            and "__MACOSX" not in m.filename
            and not PurePosixPath(m.filename).name.startswith(".")
        ]
        if sum(member.file_size for member in members) > _LARGEST:
            raise DownloadError(f"{archive.name} unpacks to more than 4 GiB")
        for member in members:
            name = PurePosixPath(member.filename.replace("\\", "/"))
            if ".." in name.parts or name.is_absolute():
                raise DownloadError(f"{archive.name} has an unsafe path: {str(name)!r}")
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member) as source, path.open("wb") as target:
                shutil.copyfileobj(source, target)
            names.append(name.as_posix())
    return names


def _copy(entry: Locked, mirror: Path, store: Path, asset: Asset) -> Locked:
    """Files from a mirror, but for those that are here already."""
    published = {file.name: file.md5 for file in asset.files}
    for name, wanted in entry.files.items():
        target = store / asset.place / name
        if target.is_file() and file_hash(target) == wanted:
            continue
        copy(
            mirror / entry.folder / name,
            target,
            bytes=wanted.bytes,
            sha256=wanted.sha256,
            md5=published.get(name),
        )
    return entry.model_copy(update={"folder": asset.place})


def _disagreement(asset: Asset, entry: Locked) -> str:
    """How a lock's entry is not what the table asks for; empty if it is."""
    if entry.source != asset.source:
        return f"it is from {entry.source}, not {asset.source},"
    if asset.revision and entry.revision != asset.revision:
        return f"it is commit {entry.revision}, not {asset.revision},"
    for file in asset.files:
        found = entry.archives.get(file.name)
        if found is None and file.name in entry.files:
            found = entry.files[file.name].sha256
        if found is None or (file.sha256 and found != file.sha256):
            return f"{file.name} is another file"
    return ""
