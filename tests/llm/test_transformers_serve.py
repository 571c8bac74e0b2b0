"""The server that comes with transformers, where what it needs is installed.

That is part of the extra ``dev``; the other tests' server needs nothing.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from helpers.llm.answer_cache import cached
from helpers.llm.backend import Request, Sampling
from helpers.llm.chat import ChatServer
from helpers.llm.local import LocalModel
from helpers.llm.transport import EndpointError
from tests.llm.small_chat import save

pytestmark = pytest.mark.skipif(
    not all(find_spec(name) for name in ("fastapi", "uvicorn")),
    reason="transformers serve needs fastapi and uvicorn (pip install -e .[dev])",
)
START = "from transformers.cli.transformers import main; main()"
PROMPTS = ["Name a tree .", "Name", "oak elm ash"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = save(tmp_path_factory.mktemp("model"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-c", START, "serve", str(folder)]
    where = ["--host", "127.0.0.1", "--port", port, "--device", "cpu"]
    run = subprocess.Popen([*command, *where], env=os.environ | {"HF_HUB_OFFLINE": "1"})
    try:
        until = time.monotonic() + 300
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5)
                break
            except OSError:
                assert run.poll() is None and time.monotonic() < until
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1", folder
    finally:
        run.terminate()
        run.wait(20)


def test_it_gives_the_models_own_greedy_answers(
    served: tuple[str, Path], tmp_path: Path
) -> None:
    url, folder = served
    asked = [Request.ask(prompt, Sampling(0.0, 1.0, 12)) for prompt in PROMPTS]
    backend = cached(ChatServer(url, str(folder)), tmp_path / "answers.jsonl")
    answers = list(backend.complete(asked))
    local = list(LocalModel.load(folder).complete(asked))
    assert [c.text for c in answers] == [c.text for c in local]
    assert [c.finish_reason for c in answers] == [c.finish_reason for c in local]
    assert [c.completion_tokens for c in answers] == [
        c.completion_tokens for c in local
    ]


def test_samples_differ(served: tuple[str, Path]) -> None:
    url, folder = served
    sampling = Sampling(1.0, 1.0, 12, 0)
    asked = [Request.ask(PROMPTS[0], sampling, sample=k) for k in range(8)]
    found = {c.text for c in ChatServer(url, str(folder)).complete(asked)}
    assert len(found) > 4


def test_another_models_name_is_refused(served: tuple[str, Path]) -> None:
    with pytest.raises(EndpointError, match="status 4"):
        list(ChatServer(served[0], "other/model").complete([Request.ask("p")]))
