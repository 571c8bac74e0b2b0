"""HumanEval and the authors' published samples: where they are, or how to get them.

Both are in the authors' repository under the MIT licence; nothing of it is here.
"""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
from pathlib import Path

from helpers.paths import user_data, write_atomic

# A fixed revision of github.com/LJ2lijia/AdapT.
URL = "https://github.com/LJ2lijia/AdapT/raw/cb317268b54d48c23b9c28b5560293e531ad4024/"
# name here -> place there, SHA-256
FILES = {
    "HumanEval.jsonl": (
        "inputs/HumanEval.jsonl",
        "1d49078ba3e2b196b9344535bef34a43021f038fad9561d6ee7c53450609a6a2",
    ),
    "codegeex13b_adapt_samples.jsonl": (
        "output/humaneval_adapt_samples.jsonl",
        "dec98b7f63419bb1d70a21a83edbdc9eee5dad056bbbcdd6cba0ef28809629d0",
    ),
}


def find_humaneval(folder: str | Path | None = None) -> tuple[Path, Path] | None:
    """HumanEval's problems and the authors' samples, packed with gzip or not.

    Parameters
    ----------
    folder : str or Path, optional
        Without it, ``humaneval`` in the folder of ``CURRICULUM_DATA``.

    Returns
    -------
    (Path, Path) or None
        None if no folder was named and there is none in the reader's data.

    Raises
    ------
    FileNotFoundError
        If a folder was named and lacks a file.
    """
    data = user_data()
    place = Path(folder) if folder else data and data / "humaneval"
    if place is None or not (folder or place.is_dir()):
        return None
    found = []
    for name in FILES:
        paths = [p for p in (place / name, place / f"{name}.gz") if p.is_file()]
        if not paths:
            raise FileNotFoundError(
                f"{place} holds no {name} or {name}.gz; download_humaneval(folder) "
                "fetches it"
            )
        found.append(paths[0])
    return found[0], found[1]


def download_humaneval(
    folder: str | Path, url: str = URL, timeout: float = 60
) -> tuple[Path, Path]:
    """Fetch both files (2.3 MB) on the first call, and check their digests.

    Raises
    ------
    ConnectionError
        If they cannot be had.
    ValueError
        If a file is not the one that was published.
    """
    place = Path(folder)
    for name, (there, digest) in FILES.items():
        path = place / name
        if path.is_file():
            continue
        try:
            with urllib.request.urlopen(url + there, timeout=timeout) as reply:
                content = reply.read()
        except (urllib.error.URLError, OSError) as error:
            raise ConnectionError(
                f"cannot download {name} ({error}); copy it by hand from {URL}{there} "
                "and name its folder: -p humaneval_folder=PATH"
            ) from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"{url}{there} is not the file that was published")
        write_atomic(path, content)
    return place / "HumanEval.jsonl", place / "codegeex13b_adapt_samples.jsonl"
