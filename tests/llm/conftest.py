"""A small OpenAI-compatible server on loopback, whose moods a test can set."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PAUSE = 0.7  # seconds that a busy server asks for; the client would wait at most 0.5


def echo(request: dict[str, Any]) -> str:
    return f"{request['messages'][-1]['content']} {request.get('seed')}"


@dataclass
class Server:
    """``moods`` is used up one request at a time; afterwards all is well."""

    url: str = ""
    moods: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    most: int = 100  # raw completions in one answer
    refuses: dict[str, str] = field(default_factory=dict)  # parameter: message
    reply: Callable[[dict[str, Any]], str] = echo  # to a chat
    slow: float = 1.5  # seconds


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(length))
            state.requests.append(request)
            state.times.append(time.monotonic())
            state.keys.append(self.headers["Authorization"])
            mood = state.moods.pop(0) if state.moods else ""
            if mood == "slow":
                time.sleep(state.slow)
            if mood == "hang up":
                self.close_connection = True
                return None
            if mood.isdigit():
                return self._refuse(int(mood), f"mood {mood}")
            if request["model"] != "small":
                return self._refuse(404, f"no model {request['model']!r}")
            for name, message in state.refuses.items():
                if name in request:
                    return self._refuse(400, message)
            if mood == "cut":
                self.close_connection = True
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"choices": [')
                return None
            if mood == "half":
                return self._send(200, '{"choices": [')
            if mood == "told":
                return self._send(200, {"error": {"message": "out of credit"}})
            chat = self.path.endswith("/chat/completions")
            choices = (_chat if chat else _raw)(state, request, mood)
            return self._send(200, _answer(choices))

        def _refuse(self, status: int, message: str) -> None:
            self._send(status, {"error": {"message": message}})

        def _send(self, status: int, body: dict[str, Any] | str) -> None:
            text = body if isinstance(body, str) else json.dumps(body)
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            if status == 429:
                self.send_header("Retry-After", str(PAUSE))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that has hung up is no news."""

    http = Quiet(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}/v1"
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield state
    http.shutdown()
    http.server_close()


def _raw(state: Server, request: dict[str, Any], mood: str) -> list[dict[str, Any]]:
    texts = min(request["n"], state.most) if mood != "empty" else 0
    return [
        {
            "index": k,
            "text": f"{request['prompt']} {request.get('seed')} {k}",
            "finish_reason": "length" if k else "stop",
            "logprobs": None,
        }
        for k in range(texts)
    ]


def _chat(state: Server, request: dict[str, Any], mood: str) -> list[dict[str, Any]]:
    if mood == "no choice":
        return []
    told = {"empty": "", "null": None}
    content = told[mood] if mood in told else state.reply(request)
    message = {"role": "assistant", "content": content}
    finish = "length" if mood == "length" else "stop"
    return [{"index": 0, "message": message, "finish_reason": finish}]


def _answer(choices: list[dict[str, Any]]) -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18}
    return {
        "id": "1",
        "object": "completion",
        "created": 1_700_000_000,
        "model": "small-2024-03-21",
        "system_fingerprint": "fp_1",
        "usage": usage,
        "choices": choices,
    }
