"""Download of the authors' published shape set (156 PNG files, not bundled here).

The repository shows no licence, so the files are fetched to the reader's machine and
never redistributed.
"""

from __future__ import annotations

import io
import shutil
import urllib.error
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath

from helpers.paths import BUILD

# A fixed revision of github.com/Catherine-Chu/Self-Assembly-Shape-Set.
URL = (
    "https://github.com/Catherine-Chu/Self-Assembly-Shape-Set/raw/"
    "62715f82daa310aa78d157706abd7e607128596b/figures.zip"
)
LARGEST = 200 * 2**20  # bytes, unpacked


def fetch_shape_set(
    folder: Path | None = None, url: str = URL, timeout: float = 60
) -> Path:
    """Folder with the authors' PNG files, downloaded on the first call only.

    Parameters
    ----------
    folder : Path, optional
        Where the files go; ``build/shape_set`` by default. It appears only when the
        download is complete.

    Raises
    ------
    ConnectionError
        If the archive cannot be had; the message says how to go on without it.
    ValueError
        If what came is no archive of PNG files.
    """
    folder = folder or BUILD / "shape_set"
    if folder.is_dir():
        return folder
    try:
        with urllib.request.urlopen(url, timeout=timeout) as reply:
            content = reply.read(LARGEST)
    except (urllib.error.URLError, OSError) as error:
        raise ConnectionError(
            f"cannot download the shape set ({error}); copy it by hand and name its "
            "folder: -p shapes_folder=PATH"
        ) from None
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    if not _unpack(content, partial):
        raise ValueError(f"{url} is not a zip archive with PNG files")
    partial.rename(folder)
    return folder


def _unpack(content: bytes, folder: Path) -> int:
    """Write the archive's PNG files below ``folder``; returns how many."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except zipfile.BadZipFile:
        return 0
    members = [
        m
        for m in archive.infolist()
        if m.filename.lower().endswith(".png") and "__MACOSX" not in m.filename
    ]
    if sum(m.file_size for m in members) > LARGEST:
        raise ValueError("the archive unpacks to more than 200 MiB")
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or parts[0] == "/":
            raise ValueError(f"the archive has an unsafe path: {member.filename!r}")
        path = folder.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(member))
    return len(members)
