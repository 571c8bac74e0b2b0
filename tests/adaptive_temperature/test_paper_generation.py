"""Paper scale on a small scale: the shipped decoder as the model from the hub."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from helpers.adaptive_temperature import paper_generation
from helpers.adaptive_temperature.evaluation import LIMITS, as_problem, loaded
from helpers.adaptive_temperature.paper_comparison import compare_samplers, score_server
from helpers.adaptive_temperature.paper_generation import (
    Decoding,
    hub_model,
    sample_with_model,
    sample_with_server,
)
from helpers.adaptive_temperature.problem_family import generate
from helpers.adaptive_temperature.sampler_grid import adapt, uniform
from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.token_losses import token_losses
from helpers.adaptive_temperature.training import CHECKPOINTS
from helpers.llm.completions import Endpoint, EndpointError
from helpers.sandbox.sandbox import Sandbox

MODEL = CHECKPOINTS / "problems"
PROBLEMS = [as_problem(task) for task in generate("dev", 2, 0, steps=(1,))]
FEW = Decoding(n=3, batch=2, max_new_tokens=60)
SAMPLER = Sampler("AdapT", "line-word", 1.0, 0.2)


def test_an_interrupted_run_goes_on_and_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(folder: str) -> Any:
        work = tmp_path / folder
        return sample_with_model(
            MODEL, PROBLEMS, SAMPLER, work=work, decoding=FEW, progress=False
        )

    whole = run("whole")
    assert {task: len(found) for task, found in whole.items()} == {
        problem.task_id: 3 for problem in PROBLEMS
    }
    lines = (tmp_path / "whole" / "answers.jsonl").read_text().splitlines()
    assert len(lines) == 4  # two batches for each problem
    # as if it had been killed while writing the third
    (tmp_path / "cut").mkdir()
    settings = (tmp_path / "whole" / "settings.json").read_text()
    (tmp_path / "cut" / "settings.json").write_text(settings)
    begun = "\n".join([*lines[:2], lines[2][:20]])
    (tmp_path / "cut" / "answers.jsonl").write_text(begun)
    assert run("cut") == whole
    # nothing is missing now, so no model is loaded
    monkeypatch.setattr(paper_generation, "AutoModelForCausalLM", None)
    assert run("cut") == whole


def test_greedy_answers_are_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = []
    real = AutoModelForCausalLM.from_pretrained(MODEL)
    generate = real.generate

    def counted(**kwargs: Any) -> Any:
        copies.append(kwargs["num_return_sequences"])
        return generate(**kwargs)

    monkeypatch.setattr(real, "generate", counted)
    monkeypatch.setattr(real, "to", lambda *_: real)
    monkeypatch.setattr(
        paper_generation.AutoModelForCausalLM, "from_pretrained", lambda *_, **__: real
    )
    found = sample_with_model(
        MODEL,
        PROBLEMS[:1],
        Sampler("greedy", greedy=True),
        work=tmp_path,
        decoding=FEW,
        progress=False,
    )
    assert copies == [1, 1]
    assert len({answer.text for answer in found[PROBLEMS[0].task_id]}) == 1


def test_a_folder_belongs_to_one_setting(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"model": "other"}))
    with pytest.raises(ValueError, match="holds a run with model = 'other'"):
        sample_with_model(MODEL, PROBLEMS, SAMPLER, work=tmp_path, decoding=FEW)
    with pytest.raises(ValueError, match="batch is 0"):
        Decoding(batch=0)


def test_samplers_are_compared_in_the_sandbox(tmp_path: Path) -> None:
    wanted = [*uniform([0.5], [1.0]), *adapt("release", [1.0], [0.2])]
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        table = compare_samplers(
            MODEL,
            PROBLEMS,
            wanted,
            work=tmp_path,
            sandbox=sandbox,
            decoding=FEW,
            progress=False,
        )
    assert list(table.index) == ["greedy", "T = 0.5", "release 1/0.2"]
    assert "pass@1" in table and "pass@5" not in table  # n is 3
    assert (table["answers"] == 6).all()
    assert table["pass@1"].max() > 0


@pytest.fixture
def server() -> Iterator[str]:
    """A server that serves the shipped decoder."""
    model = AutoModelForCausalLM.from_pretrained(MODEL).eval()
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(MODEL)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            given = tokenizer(request["prompt"], return_tensors="pt")["input_ids"]
            torch.manual_seed(request["seed"])
            out = model.generate(
                given,
                do_sample=True,
                top_k=0,
                temperature=request["temperature"],
                num_return_sequences=request["n"],
                max_new_tokens=request["max_tokens"],
            )
            texts = tokenizer.batch_decode(
                out[:, given.shape[1] :], skip_special_tokens=True
            )
            choices = [
                {"index": k, "text": text, "finish_reason": "stop", "logprobs": None}
                for k, text in enumerate(texts)
            ]
            answer = {
                "id": "1",
                "object": "text_completion",
                "created": 0,
                "model": "small",
                "choices": choices,
            }
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}/v1"
    http.shutdown()
    http.server_close()


def test_a_server_is_scored_and_not_asked_twice(server: str, tmp_path: Path) -> None:
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        first, again = (
            score_server(
                Endpoint(address, "small", retries=0),
                PROBLEMS,
                [0.2],
                work=tmp_path,
                sandbox=sandbox,
                decoding=FEW,
                progress=False,
            )
            for address in (server, server)
        )
    assert first.equals(again)
    assert list(first.index) == ["small, T = 0.2"]
    assert first["pass@1"].item() > 0
    assert "stopped" not in first  # servers strip the stop string


def test_answers_so_far_survive_a_server_that_goes_away(
    server: str, tmp_path: Path
) -> None:
    gone = Endpoint("http://127.0.0.1:9/v1", "small", retries=0)
    with pytest.raises(EndpointError):
        sample_with_server(
            gone, PROBLEMS, temperature=0.2, work=tmp_path, decoding=FEW, progress=False
        )
    assert not (tmp_path / "answers.jsonl").read_bytes()


def test_losses_of_a_model_from_the_hub() -> None:
    """The preliminary study at paper scale: any saved model and its tokenizer."""
    sources = {"a.py": "def f(x):\n    return x\n", "b.py": "y = 1\n"}
    shipped = loaded(MODEL)
    ours = token_losses(shipped.model, shipped.tokenizer, sources, progress=False)
    hub = token_losses(*hub_model(MODEL, "cpu"), sources, context=64, progress=False)
    assert hub["class"].tolist() == ours["class"].tolist()
    assert hub["loss"].to_numpy() == pytest.approx(ours["loss"].to_numpy(), abs=1e-4)
