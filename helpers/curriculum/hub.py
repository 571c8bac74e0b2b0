"""Repositories of the Hugging Face hub: what a commit holds, and a copy of it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from helpers.assets import Asset
from helpers.downloads import DownloadError

# Weights for other frameworks, and pictures: no code here reads them.
_OTHER = ("*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf", "*.pth", "*.pdf", "*.png")


@dataclass(frozen=True)
class Repository:
    """Files of one commit.

    Attributes
    ----------
    revision : str
        The commit, 40 hexadecimal digits.
    sizes : dict of int
        Bytes of each file that is wanted.
    sha256 : dict of str
        Of those files of which the hub says it: the large ones.
    """

    revision: str
    sizes: dict[str, int]
    sha256: dict[str, str]


def look_up(asset: Asset, revision: str | None) -> Repository:
    """What the hub holds of an asset at a commit, or at its branch's end.

    Raises
    ------
    DownloadError
        If the repository cannot be read; the message says what to do.
    """
    from huggingface_hub import HfApi

    info: Any  # of a model or a data set
    with _explained(asset, revision):
        info = HfApi(endpoint=_endpoint()).repo_info(
            asset.source,
            repo_type=asset.kind,
            revision=revision,
            files_metadata=True,
        )
    siblings = {file.rfilename: file for file in info.siblings or []}
    wanted = wanted_files(list(siblings), asset.patterns)
    if not wanted or info.sha is None:
        raise DownloadError(f"{asset.source} holds none of the files that are wanted")
    return Repository(
        info.sha,
        {name: siblings[name].size or 0 for name in wanted},
        {
            name: lfs.sha256
            for name in wanted
            if (lfs := siblings[name].lfs) is not None and lfs.sha256
        },
    )


def wanted_files(names: list[str], patterns: list[str]) -> list[str]:
    """Those of a repository's files that are read here.

    Of weights in both forms only safetensors; nothing hidden, and no folder of a model
    that the patterns do not name.

    Examples
    --------
    >>> wanted_files(["config.json", "a.bin", "a.safetensors", "tf_model.h5"], [])
    ['a.safetensors', 'config.json']
    """
    shown = [name for name in sorted(names) if not name.startswith(".")]
    if patterns:
        return [n for n in shown if any(fnmatch(n, p) for p in patterns)]
    safe = any(name.endswith(".safetensors") for name in shown)
    return [
        name
        for name in shown
        if not any(fnmatch(name, other) for other in _OTHER)
        and "/" not in name
        and not (safe and (name.endswith(".bin") or ".bin.index" in name))
    ]


def copy_repository(asset: Asset, there: Repository, folder: Path) -> None:
    """The commit's files in ``folder``; what is there already is not fetched again.

    Raises
    ------
    DownloadError
        If a file cannot be had; what came so far is gone on with next time.
    """
    from huggingface_hub import snapshot_download

    with _explained(asset, there.revision, folder):
        snapshot_download(
            asset.source,
            repo_type=asset.kind,
            revision=there.revision,
            local_dir=folder,
            allow_patterns=list(there.sizes),
            endpoint=_endpoint(),
            max_workers=4,
        )


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


@contextmanager
def _explained(
    asset: Asset, revision: str | None, folder: Path | None = None
) -> Iterator[None]:
    """The hub's many errors as one line that says what to do; no token is printed."""
    from huggingface_hub import errors

    name = f"{asset.kind} {asset.source}"
    try:
        yield
    except errors.OfflineModeIsEnabled:
        raise DownloadError(f"{name}: HF_HUB_OFFLINE is set; unset it") from None
    except errors.RevisionNotFoundError:
        raise DownloadError(f"{name} has no commit {revision} (404)") from None
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        gated = isinstance(error, errors.GatedRepoError) or code == 403
        if gated or (code == 401 and asset.access):
            form = asset.access or f"https://huggingface.co/{asset.source}"
            raise DownloadError(
                f"{name} is gated ({code}): accept the form at {form}, then set "
                "HF_TOKEN to a token of that account"
            ) from None
        if code in (401, 404):
            raise DownloadError(
                f"{name} does not exist, or HF_TOKEN may not read it ({code})"
            ) from None
        raise DownloadError(f"{name}: the hub answered {code}; try again") from None
    except DownloadError:
        raise
    except Exception as error:  # the HTTP library differs from version to version
        if folder and _of_this_disk(error):
            raise DownloadError(
                f"{name} cannot be written to {folder} ({error})"
            ) from None
        raise DownloadError(
            f"{name}: the hub broke off or cannot be reached "
            f"({type(error).__name__}); fetch again to go on, or fetch --from a folder "
            "that has it"
        ) from None


def _of_this_disk(error: Exception) -> bool:
    """Whether the network is not to blame; its libraries' errors are OSErrors too."""
    if not isinstance(error, OSError):
        return False
    full = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
    return error.filename is not None or error.errno in full
