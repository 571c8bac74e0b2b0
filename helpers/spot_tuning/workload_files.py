"""The paper's data sets: where they are.

They are looked for in ``spot_tuning`` in the store, where ``curriculum fetch 02`` puts
them (`helpers.assets`).
"""

from __future__ import annotations

from pathlib import Path

from helpers.assets import stored
from helpers.paths import store


def find_file(asset: str, *names: str) -> Path:
    """First of ``names`` (files or folders) that exists; what was fetched is checked.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says how to get it.
    AssetError
        If a fetched file is damaged.
    """
    folder = stored(asset) or store() / "spot_tuning"
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(
        f"no {' or '.join(names)} in {folder}; get it with: curriculum fetch 02"
    )
