"""A recorded run is repeated without its model, and gaps are told at once."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.llm.answer_cache import AnswerCache, cached
from helpers.llm.backend import Completion, Request, Sampling
from helpers.llm.replay import MissingAnswerError, Replay

ASKED = [Request.ask("p", Sampling(0.8, seed=0), sample=k) for k in range(3)]


def recorded(path: Path, *names: str) -> Path:
    cache = AnswerCache(path)
    for name in names:
        for request in ASKED:
            cache.add(name, request, Completion(f"{name} {request.sample}"))
    return path


@pytest.mark.parametrize("packed", [False, True])
def test_answers_are_those_recorded(tmp_path: Path, packed: bool) -> None:
    path = recorded(tmp_path / "answers.jsonl", "m")
    if packed:
        path = tmp_path / "answers.jsonl.gz"
        path.write_bytes(gzip.compress((tmp_path / "answers.jsonl").read_bytes()))
    before = path.read_bytes()
    replay = Replay(path)
    assert replay.name == "m"
    found = replay.complete(ASKED[::-1])
    assert [answer.text for answer in found] == ["m 2", "m 1", "m 0"]
    assert path.read_bytes() == before
    # so that it can fill another run's cache
    copy = cached(replay, tmp_path / "copy.jsonl")
    assert len(list(copy.complete(ASKED))) == 3
    assert Replay(tmp_path / "copy.jsonl").name == "m"


def test_one_of_several_backends_is_chosen_by_name(tmp_path: Path) -> None:
    path = recorded(tmp_path / "answers.jsonl", "first", "second")
    with pytest.raises(ValueError, match=r"name one of \['first', 'second'\]"):
        Replay(path)
    (answer,) = Replay(path, "second").complete(ASKED[:1])
    assert answer.text == "second 0"
    with pytest.raises(ValueError, match="did you mean 'second'"):
        Replay(path, "secnd")


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (replace(ASKED[0], sample=7), "recorded are 3 samples, the last is 2"),
        (
            replace(ASKED[0], sampling=Sampling(0.7)),
            r"recorded with .*temperature=0\.8",
        ),
        (replace(ASKED[0], template="2"), "recorded with .* and template ''"),
        (Request.ask("q" * 99), "'q{57}...'.*: these messages were never asked"),
    ],
)
def test_a_missing_answer_is_told_before_the_first(
    tmp_path: Path, request_: Request, told: str
) -> None:
    replay = Replay(recorded(tmp_path / "answers.jsonl", "m"))
    with pytest.raises(MissingAnswerError, match=f"lacks 1 of 4 answers.*{told}"):
        replay.complete([*ASKED, request_])


def test_no_file_and_no_answers_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is no file"):
        Replay(tmp_path / "answers.jsonl")
    (tmp_path / "answers.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match="holds no recorded answers"):
        Replay(tmp_path / "answers.jsonl")
