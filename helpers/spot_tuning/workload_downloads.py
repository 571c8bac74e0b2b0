"""The paper's data sets: where they are, and how to get them.

They are looked for in ``$CURRICULUM_DATA/spot_tuning``, then in ``build/spot_tuning``.
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from helpers.names import unknown_name
from helpers.paths import BUILD, user_data

_LIBSVM = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/binary/"
_BLOCK = 2**20


@dataclass(frozen=True)
class RemoteFile:
    """A file of a data set; ``sha256`` is of the file as published."""

    url: str
    sha256: str

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]


DATASETS = {
    "epsilon": (
        RemoteFile(
            _LIBSVM + "epsilon_normalized.bz2",
            "aff916d4f97f18d286558ca088d2a9f7e1fcee9376539a5aa6ef5b7ef9dfa978",
        ),
        RemoteFile(
            _LIBSVM + "epsilon_normalized.t.bz2",
            "cb299295ad11e200696eaa3050f5d8cf700eaa9c65e6aa859bda959f8669458b",
        ),
    ),
    "year": (
        RemoteFile(
            "https://archive.ics.uci.edu/static/public/203/yearpredictionmsd.zip",
            "06f801af323bb7798e800583acce4ea1ed2697ac12c23f4424aea0a7a3d09e11",
        ),
    ),
    "cifar10": (
        RemoteFile(
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
}


def data_folders() -> list[Path]:
    """Folders that are searched, the reader's own first."""
    own = user_data()
    return [*([own / "spot_tuning"] if own else []), BUILD / "spot_tuning"]


def find_file(dataset: str, *names: str) -> Path:
    """First of ``names`` (files or folders) that exists in a data folder.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says how to get it.
    """
    for folder in data_folders():
        for name in names:
            if (folder / name).exists():
                return folder / name
    raise FileNotFoundError(
        f"no {' or '.join(names)} in {' or '.join(map(str, data_folders()))}; copy it "
        f"there (CURRICULUM_DATA names the first folder's parent) or download it with "
        f"helpers.spot_tuning.workload_downloads.fetch({dataset!r})"
    )


def fetch(dataset: str, folder: Path | None = None, timeout: float = 60) -> list[Path]:
    """Download a data set of `DATASETS`; what is already there is kept.

    An interrupted download goes on where it stopped. A file gets its final name only
    once its checksum is right.

    Raises
    ------
    ValueError
        For an unknown data set, or a file with another checksum (it is deleted).
    ConnectionError
        If a file cannot be had.
    """
    if dataset not in DATASETS:
        raise unknown_name("data set", dataset, list(DATASETS))
    folder = folder or BUILD / "spot_tuning"
    folder.mkdir(parents=True, exist_ok=True)
    return [_fetch(remote, folder, timeout) for remote in DATASETS[dataset]]


def _fetch(remote: RemoteFile, folder: Path, timeout: float) -> Path:
    path = folder / remote.name
    if path.exists():
        return path
    partial = path.with_name(path.name + ".partial")
    try:
        _resume(remote.url, partial, timeout)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # nothing after what we have: complete
            raise ConnectionError(f"cannot download {remote.url}: {error}") from None
    except (urllib.error.URLError, OSError) as error:
        raise ConnectionError(
            f"cannot download {remote.url} ({error}); copy {remote.name} into "
            f"{folder} by hand, or call again to go on"
        ) from None
    with partial.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != remote.sha256:
        partial.unlink()
        raise ValueError(
            f"{remote.url} has the checksum {found}, expected {remote.sha256}"
        )
    partial.rename(path)
    return path


def _resume(url: str, partial: Path, timeout: float) -> None:
    """Append what is missing to ``partial``; from the start if the server must."""
    have = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url)
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=timeout) as reply:
        resumed = have and reply.status == 206
        length = int(reply.headers.get("Content-Length") or 0)
        with (
            partial.open("ab" if resumed else "wb") as file,
            tqdm(
                desc=url.rpartition("/")[2],
                total=(length + have * bool(resumed)) or None,
                initial=have if resumed else 0,
                unit="B",
                unit_scale=True,
                leave=False,
            ) as bar,
        ):
            while block := reply.read(_BLOCK):
                file.write(block)
                bar.update(len(block))
            if length and file.tell() < length + have * bool(resumed):
                raise OSError("the connection ended early")
