"""Files of one JSON object a line, packed with gzip or not."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers.paths import write_atomic


def read_json_lines(path: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of a ``.jsonl`` or ``.jsonl.gz`` with its place, ``file:line``.

    Blank lines, and blanks around an object, are passed over.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        With file and line, for a line that is no JSON object, or a broken file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is no file; allowed: a .jsonl or .jsonl.gz")
    number = 0
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        try:
            # a text reader would also split lines at U+2028 and its like
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path.name}:{number}", _object(line)
        except (ValueError, EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path.name}:{max(number, 1)}: {error}") from None


def write_json_lines(path: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write the rows at once, packed if the name ends in ``.gz``."""
    path = Path(path)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
            file.write(text)
        text = packed.getvalue()
    write_atomic(path, text)


def text_fields(
    place: str, row: dict[str, Any], required: Iterable[str]
) -> dict[str, str]:
    """The required fields of a row.

    Raises
    ------
    ValueError
        With the row's place, if one is missing or no text.
    """
    found = {}
    for name in required:
        if not isinstance(row.get(name), str):
            what = f"is {row[name]!r:.40}" if name in row else "is missing"
            raise ValueError(
                f"{place}: field {name!r} {what}; required: a text "
                f"(fields here: {', '.join(row) or 'none'})"
            )
        found[name] = row[name]
    return found


def _object(line: bytes) -> dict[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"holds a {type(row).__name__}; allowed: a JSON object")
    return row
