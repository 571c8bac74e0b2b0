"""HumanEval and the authors' published samples: where they are.

Both are in the authors' repository under the MIT licence; nothing of it is here.
``curriculum fetch 05`` brings them.
"""

from __future__ import annotations

from pathlib import Path

from helpers.paths import user_data

FILES = ("HumanEval.jsonl", "codegeex13b_adapt_samples.jsonl")


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
                f"{place} holds no {name} or {name}.gz; get both with: "
                "curriculum fetch 05"
            )
        found.append(paths[0])
    return found[0], found[1]
