"""A film as compact bytes: what the browser draws from, and the way back.

Two kinds of parts, each small enough for one message: pieces of one compressed block
that holds everything but the images, then blocks of compressed images.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.training_visualization.canvas import BAND
from helpers.training_visualization.film import CLASS_COLOURS, Film

PART = 400_000
"""Bytes of a part, at most: the Jupyter server drops what exceeds 1 MB/s on average,
so the browser asks for one part after the other."""
LEVELS, STEPS = 65_535, 255


@dataclass(frozen=True)
class EncodedFilm:
    """What travels: a header that JSON can carry, and the parts.

    Attributes
    ----------
    header : dict
        ``sections`` lists name, type and shape of the arrays in the first block;
        ``film_parts`` says how many parts that block takes, ``image_block`` how many
        images each further part holds.
    parts : list of bytes
    """

    header: dict[str, Any]
    parts: list[bytes]

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(map(len, self.parts))


def encode_film(film: Film) -> EncodedFilm:
    """Places to 1/65535 of their range, shares to 1/255, all else exactly."""
    places = film.places
    low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
    span = np.where(high > low, high - low, 1.0)
    arrays = {"places": np.rint((places - low) / span * LEVELS).astype("<u2")}
    if film.neighbours is not None:
        arrays["neighbours"] = np.asarray(film.neighbours).astype("<u2")
    margin = np.stack([c.margin for c in film.canvases])
    # A boundary must not become one by rounding, nor stop being one.
    levels = np.rint(margin * STEPS)
    edge = int(np.ceil(BAND * STEPS))
    levels = np.where(
        margin < BAND, np.minimum(levels, edge - 1), np.maximum(levels, edge)
    )
    small = {
        "predictions": film.predictions,
        "confidence": np.rint(np.asarray(film.confidence) * STEPS),
        "labels": film.labels,
        "classes": np.stack([c.classes for c in film.canvases]),
        "margin": levels,
    }
    if film.noisy is not None:
        small["noisy"] = film.noisy
    if film.classes > 256:
        raise ValueError(f"{film.classes} classes; allowed: up to 256")
    arrays |= {name: np.asarray(a).astype(np.uint8) for name, a in small.items()}
    block = zlib.compress(b"".join(a.tobytes() for a in arrays.values()), 6)
    parts = [block[i : i + PART] for i in range(0, len(block), PART)]
    header: dict[str, Any] = {
        "sections": [[k, a.dtype.str[1:], list(a.shape)] for k, a in arrays.items()],
        "film_parts": len(parts),
        "low": low.tolist(),
        "span": span.tolist(),
        "extent": [float(v) for v in film.canvases[0].extent],
        "band": edge,
        "epochs": [int(e) for e in film.epochs],
        "train": film.train_count,
        "names": film.names,
        "colours": [CLASS_COLOURS[c % len(CLASS_COLOURS)] for c in range(film.classes)],
        "metrics": [film.confidence_line(t) for t in range(len(film.epochs))],
        "image_shape": [],
        "image_block": 0,
    }
    if film.images is not None:
        each = max(1, int(np.prod(film.images.shape[1:])))
        rows = max(1, PART // each)
        header |= {"image_shape": list(film.images.shape[1:]), "image_block": rows}
        for i in range(0, film.count, rows):
            parts.append(zlib.compress(film.images[i : i + rows].tobytes(), 6))
    return EncodedFilm(header, parts)


def decode_film(encoded: EncodedFilm) -> dict[str, np.ndarray]:
    """Arrays by the names of `Film`'s attributes, as the browser reads them.

    ``places`` holds all samples, ``classes`` and ``margin`` all canvases.
    """
    header, parts = encoded.header, encoded.parts
    count = header["film_parts"]
    block, found, start = zlib.decompress(b"".join(parts[:count])), {}, 0
    for name, kind, shape in header["sections"]:
        array = np.frombuffer(block, "<" + kind, int(np.prod(shape)), start)
        found[name] = array.reshape(shape)
        start += array.nbytes
    if start != len(block):
        raise ValueError(f"{len(block)} bytes, but the header describes {start}")
    low, span = np.array(header["low"]), np.array(header["span"])
    found["places"] = low + found["places"] / LEVELS * span
    for name in ("confidence", "margin"):
        found[name] = found[name] / STEPS
    if header["image_shape"]:
        pixels = b"".join(map(zlib.decompress, parts[count:]))
        images = np.frombuffer(pixels, np.uint8)
        found["images"] = images.reshape(-1, *header["image_shape"])
    return found


def check_film(film: Film) -> EncodedFilm:
    """Encode a film and make sure that every frame comes back.

    Raises
    ------
    ValueError
        If something differs by more than its rounding; names it and the epoch.
    """
    encoded = encode_film(film)
    back = decode_film(encoded)
    step = np.array(encoded.header["span"]) / LEVELS
    whole = {"labels": film.labels, "noisy": film.noisy, "images": film.images}
    for name, array in whole.items():
        if array is not None and not np.array_equal(back[name], array):
            raise ValueError(f"{name} did not survive the encoding")
    frames: dict[str, tuple[Any, Any]] = {
        "places": (film.places, 0.51 * step),
        "predictions": (film.predictions, 0.0),
        "confidence": (film.confidence, 0.51 / STEPS),
        "classes": ([c.classes for c in film.canvases], 0.0),
        "margin": ([c.margin for c in film.canvases], 1.01 / STEPS),
        "neighbours": (film.neighbours, 0.0),
    }
    for name, (values, tolerance) in frames.items():
        if values is None:
            continue
        for t, epoch in enumerate(film.epochs):
            if (np.abs(back[name][t] - np.asarray(values[t], float)) > tolerance).any():
                raise ValueError(f"{name} of epoch {epoch} did not survive")
    return encoded
