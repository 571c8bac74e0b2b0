"""Tells the user's own JupyterLab that an executed copy is theirs."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def trust(path: Path) -> None:
    """Sign the notebook at ``path``, as Lab does with what is run in it.

    Lab shows no SVG figure of a notebook that its user did not run. Whoever is given
    the file by others decides for themselves (``jupyter trust``).
    """
    # a second that commands without a run need not wait
    import nbformat
    from nbformat.sign import NotebookNotary

    try:
        NotebookNotary().sign(nbformat.read(path, as_version=nbformat.NO_CONVERT))
    except (OSError, sqlite3.Error):
        return  # signatures cannot be kept: Lab asks, as with any other notebook
