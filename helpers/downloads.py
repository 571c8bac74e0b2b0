"""Files over HTTP, resumed where they broke off, or from a folder.

Either way a file is checked before it gets its name.
"""

from __future__ import annotations

import errno
import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from helpers.progress import progress_bar

_BLOCK = 2**20
_NOTHING_LEFT = 416  # the range begins at the file's end
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES}


class DownloadError(RuntimeError):
    """A file that cannot be had, or is not the one that was published."""


def download(
    url: str,
    path: Path,
    *,
    bytes: int | None = None,
    sha256: str | None = None,
    md5: str | None = None,
    timeout: float = 60,
) -> None:
    """Fetch ``url`` to ``path``, which appears only when the content is right.

    What came so far is kept in ``path`` with ``.part`` added, and gone on with by the
    next call.

    Parameters
    ----------
    bytes : int, optional
        Size that was published.
    sha256, md5 : str, optional
        Digests that were published; without any, the size is all that is checked.

    Raises
    ------
    DownloadError
        If the server refuses or cannot be reached, the connection ends early, the
        disk takes no more, or the content is another; in the last case nothing is kept.
    """
    part = path.with_name(f"{path.name}.part")
    tag = path.with_name(f"{path.name}.part.tag")
    try:
        with _writing(part):
            _resume(url, part, tag, timeout)
    except urllib.error.HTTPError as error:
        if error.code != _NOTHING_LEFT or not part.exists():
            raise DownloadError(_refusal(url, error.code)) from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DownloadError(
            f"{url} broke off or cannot be reached ({reason}); fetch again to go on, "
            "or fetch --from a folder that has it"
        ) from None
    tag.unlink(missing_ok=True)
    if wrong := _differences(part, bytes, sha256, md5):
        part.unlink()
        raise DownloadError(f"{url} is not the file that was published: {wrong}")
    part.replace(path)


def copy(
    source: Path, path: Path, *, bytes: int, sha256: str, md5: str | None = None
) -> None:
    """Like `download`, of a file on a disk or a network drive; begun anew each time.

    Raises
    ------
    DownloadError
        If it is missing or another file, or the disk takes no more.
    """
    if not source.is_file():
        raise DownloadError(f"{source} is missing")
    part = path.with_name(f"{path.name}.part")
    with (
        _writing(part),
        source.open("rb") as old,
        part.open("wb") as new,
        _bar(path.name, bytes) as bar,
    ):
        while block := old.read(_BLOCK):
            new.write(block)
            bar.update(len(block))
    if wrong := _differences(part, bytes, sha256, md5):
        part.unlink()
        raise DownloadError(f"{source} is another file: {wrong}")
    part.replace(path)


@contextmanager
def _writing(part: Path) -> Iterator[None]:
    """The folder is there; what goes wrong with the disk is not told of the network."""
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise DownloadError(f"{part} cannot be written: {error.strerror}") from None


def _resume(url: str, part: Path, tag: Path, timeout: float) -> None:
    """Append what is missing to ``part``; from the start if the server must."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
        if tag.exists():  # another file by now: all of it
            request.add_header("If-Range", tag.read_text())
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        resumed = bool(have) and reply.status == 206
        have = have if resumed else 0
        length = reply.headers.get("Content-Length")
        total = have + int(length) if length else None
        if etag := reply.headers.get("ETag"):
            tag.write_text(etag)
        bar = _bar(url.rpartition("/")[2], total, have)
        with part.open("ab" if resumed else "wb") as file, bar:
            while block := reply.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
            if total is not None and file.tell() < total:
                raise OSError(f"after {file.tell()} of {total} bytes")


def _bar(name: str, total: int | None, have: int = 0) -> tqdm[NoReturn]:
    return progress_bar(desc=name, total=total, initial=have, unit="B", unit_scale=True)


def _refusal(url: str, code: int) -> str:
    if code in (401, 403):
        return f"{url} may not be read ({code})"
    if code == 404:
        return f"{url} does not exist (404)"
    return f"{url} was refused ({code})"


def _differences(
    part: Path, bytes: int | None, sha256: str | None, md5: str | None
) -> str:
    size = part.stat().st_size
    if bytes is not None and size != bytes:
        return f"{size} bytes, expected {bytes}"
    for name, wanted in (("sha256", sha256), ("md5", md5)):
        if wanted is None:
            continue
        with part.open("rb") as file:
            found = hashlib.file_digest(file, name).hexdigest()
        if found != wanted:
            return f"{name} {found}, expected {wanted}"
    return ""
