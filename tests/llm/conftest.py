"""A small OpenAI-compatible server on loopback, whose moods a test can set."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Server:
    """``moods`` is used up one request at a time; afterwards all is well."""

    url: str = ""
    moods: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    most: int = 100  # completions in one answer


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(length))
            state.requests.append(request)
            state.keys.append(self.headers["Authorization"])
            mood = state.moods.pop(0) if state.moods else ""
            if mood == "slow":
                time.sleep(1.5)
            if mood.isdigit():
                return self._send(int(mood), {"error": {"message": f"mood {mood}"}})
            if request["model"] != "small":
                message = f"no model {request['model']!r}"
                return self._send(404, {"error": {"message": message}})
            if mood == "cut":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"choices": [')
                return None
            texts = min(request["n"], state.most) if mood != "empty" else 0
            choices = [
                {
                    "index": k,
                    "text": f"{request['prompt']} {request.get('seed')} {k}",
                    "finish_reason": "length" if k else "stop",
                    "logprobs": None,
                }
                for k in range(texts)
            ]
            return self._send(
                200,
                {
                    "id": "1",
                    "object": "text_completion",
                    "created": 0,
                    "model": "small",
                    "choices": choices,
                },
            )

        def _send(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}/v1"
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield state
    http.shutdown()
    http.server_close()
