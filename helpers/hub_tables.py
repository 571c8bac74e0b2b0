"""Tables of the hub's data sets: parquet files, a folder for each configuration."""

from __future__ import annotations

from pathlib import Path

import pandas as pd


def hub_table(folder: Path, config: str, split: str) -> pd.DataFrame:
    """One split, as the hub lays it out: ``config/split-00000-of-00001.parquet``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If one is damaged.
    """
    files = sorted((folder / config).glob(f"{split}-*.parquet"))
    if not files:
        raise FileNotFoundError(f"no {config}/{split}-*.parquet in {folder}")
    try:
        return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    except (ValueError, OSError) as error:
        raise ValueError(f"{files[0]} is no table ({error})") from None
