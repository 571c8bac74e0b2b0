"""Viewer of a training: maps of all epochs in the browser, playing without a kernel.

The film is encoded once, when the first front end asks, and sent part by part as the
front end asks for the next. Without a front end nothing is encoded or sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from helpers.training_visualization.film import Film
from helpers.training_visualization.film_encoding import EncodedFilm, encode_film

_STATIC = Path(__file__).parent / "static"


class TrainingViewer(anywidget.AnyWidget):
    """Interactive viewer of a `Film`.

    Parameters
    ----------
    film : Film
    **traits
        What is shown first: ``frame``, its number (not that of the epoch), sample
        ``selected`` (-1 for none), and ``speed``, epochs per two seconds (1 to 10).
        All are live.
    """

    _esm = _STATIC / "viewer.js"
    _css = _STATIC / "viewer.css"

    frame = traitlets.Int(0, min=0).tag(sync=True)
    selected = traitlets.Int(-1, min=-1).tag(sync=True)
    speed = traitlets.Int(3, min=1, max=10).tag(sync=True)

    def __init__(self, film: Film, **traits: Any) -> None:
        film.check_shown(traits.get("frame", 0), traits.get("selected", -1))
        super().__init__(**traits)
        self.film = film
        self._encoded: EncodedFilm | None = None
        self.on_msg(self._receive)

    def _receive(
        self, _: Any, message: dict[str, Any], buffers: Sequence[memoryview]
    ) -> None:
        # Several views may show one viewer; each names itself and is answered by name.
        if self._encoded is None:
            self._encoded = encode_film(self.film)
        view = message["view"]
        if message["type"] == "ready":
            header = self._encoded.header
            count = len(self._encoded.parts)
            self.send({"type": "film", "view": view, "header": header, "parts": count})
        elif message["type"] == "part":
            index = message["index"]
            self.send(
                {"type": "part", "view": view, "index": index},
                [self._encoded.parts[index]],
            )
