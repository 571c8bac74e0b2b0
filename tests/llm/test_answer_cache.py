"""Answers are asked for once, whatever interrupts, and never taken for others."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.llm.answer_cache import AnswerCache, cached, request_key
from helpers.llm.backend import BackendError, Completion, Request, Sampling
from helpers.llm.chat import ChatServer
from helpers.row_log import rows

ASK = Request.ask("p", Sampling(0.8, 0.9, 50, 3), template="1")
OTHERS = {
    "sample": replace(ASK, sample=1),
    "temperature": replace(ASK, sampling=Sampling(0.7, 0.9, 50, 3)),
    "top_p": replace(ASK, sampling=Sampling(0.8, 1.0, 50, 3)),
    "max_tokens": replace(ASK, sampling=Sampling(0.8, 0.9, 51, 3)),
    "seed": replace(ASK, sampling=Sampling(0.8, 0.9, 50, 4)),
    "no seed": replace(ASK, sampling=Sampling(0.8, 0.9, 50)),
    "template": replace(ASK, template="2"),
    "content": Request.ask("p ", ASK.sampling, template="1"),
    "role": replace(ASK, messages=(("system", "p"),)),
    "messages": replace(ASK, messages=(*ASK.messages, ("assistant", ""))),
}


class Counting:
    """Answers with a number that grows; stops being able to after ``breaks``."""

    def __init__(self, name: str = "m", breaks: int = 10**9) -> None:
        self.name, self.breaks = name, breaks
        self.asked: list[Request] = []

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for request in requests:
            if len(self.asked) == self.breaks:
                raise BackendError("gone")
            self.asked.append(request)
            yield Completion(f"{self.name} {len(self.asked)}", "length", 1, 2, "m-1")


def texts(answers: Iterator[Completion]) -> list[str]:
    return [answer.text for answer in answers]


def test_whatever_an_answer_depends_on_is_in_the_key(tmp_path: Path) -> None:
    keys = {request_key("m", request) for request in [ASK, *OTHERS.values()]}
    keys.add(request_key("n", ASK))
    assert len(keys) == len(OTHERS) + 2
    assert request_key("m", replace(ASK)) == request_key("m", ASK)
    whole, same = Request.ask("p", Sampling(0, 1)), Request.ask("p", Sampling(0.0, 1.0))
    assert request_key("m", whole) == request_key("m", same)
    backend = Counting()
    caching = cached(backend, tmp_path / "answers.jsonl")
    list(caching.complete([ASK, *OTHERS.values()]))
    assert len(backend.asked) == len(OTHERS) + 1


def test_answers_come_back_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.jsonl"
    asked = [ASK, OTHERS["sample"], OTHERS["role"]]
    first = list(cached(Counting(), path).complete(asked))
    backend = Counting()
    again = list(cached(backend, path).complete([*asked[::-1], OTHERS["seed"]]))
    assert again == [*first[::-1], Completion("m 1", "length", 1, 2, "m-1")]
    assert backend.asked == [OTHERS["seed"]]


def test_a_request_made_twice_is_asked_once(tmp_path: Path) -> None:
    backend = Counting()
    caching = cached(backend, tmp_path / "answers.jsonl")
    assert texts(caching.complete([ASK, OTHERS["sample"], ASK])) == [
        "m 1",
        "m 2",
        "m 1",
    ]


def test_backends_share_a_file_and_not_their_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    for name in "mn":
        assert texts(cached(Counting(name), path).complete([ASK])) == [f"{name} 1"]
    assert AnswerCache(path).names == ["m", "n"]


@pytest.mark.parametrize(
    "answer", [Completion(""), Completion("\udc80 \u2028\n", dropped=("temperature",))]
)
def test_empty_and_odd_answers_are_kept(tmp_path: Path, answer: Completion) -> None:
    path = tmp_path / "answers.jsonl"
    AnswerCache(path).add("m", ASK, answer)
    assert list(cached(Counting(breaks=0), path).complete([ASK])) == [answer]


def test_what_came_before_an_error_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    asked = [replace(ASK, sample=k) for k in range(6)]
    with pytest.raises(BackendError):
        list(cached(Counting(breaks=4), path).complete(asked))
    backend = Counting()
    found = texts(cached(backend, path).complete(asked))
    assert found == ["m 1", "m 2", "m 3", "m 4", "m 1", "m 2"]
    assert backend.asked == asked[4:]


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_torn_last_line_is_asked_again(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "answers.jsonl"
    asked = [replace(ASK, sample=k) for k in range(3)]
    list(cached(Counting(), path).complete(asked))
    path.write_bytes(path.read_bytes()[:-cut])
    # without its line break alone, the last row is whole
    lost = 0 if cut == 1 else 1
    for expected in (lost, 0):
        backend = Counting()
        list(cached(backend, path).complete(asked))
        assert len(backend.asked) == expected


def test_rows_of_something_else_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    AnswerCache(path).add("m", ASK, Completion("x"))
    (row,) = rows(path)
    line = path.read_text()
    edited = line.replace('"temperature": 0.8', '"temperature": -1')
    future = line.replace('"text": "x"', '"text": "y", "mood": "good"')
    path.write_text('{"key": 1}\n[]\n{"backend": 1, "request": []}\n' + edited)
    assert len(AnswerCache(path)) == 0
    path.write_text(future + line)  # of two answers the first counts
    assert AnswerCache(path)[row["key"]] == Completion("y")


def test_a_backend_that_gives_too_few_is_an_error(tmp_path: Path) -> None:
    class Lazy(Counting):
        def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
            return super().complete(requests[:1])

    caching = cached(Lazy(), tmp_path / "answers.jsonl")
    with pytest.raises(BackendError, match="left requests unanswered"):
        list(caching.complete([ASK, OTHERS["sample"]]))


def test_a_packed_file_is_for_reading_only(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    cache = AnswerCache(path)
    cache.add("m", ASK, Completion("x"))
    packed = tmp_path / "answers.jsonl.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    reading = AnswerCache(packed, write=False)
    assert request_key("m", ASK) in reading
    with pytest.raises(ValueError, match="reading only"):
        reading.add("m", ASK, Completion("x"))
    with pytest.raises(ValueError, match=r"allowed to add to: a \.jsonl"):
        AnswerCache(packed)


def test_an_answer_that_has_come_is_kept_though_an_earlier_one_has_not(
    server: Any, tmp_path: Path
) -> None:
    path = tmp_path / "answers.jsonl"

    def reply(request: dict[str, Any]) -> str:
        until = time.monotonic() + 20
        while request["messages"][0]["content"] == "0" and time.monotonic() < until:
            if len(list(rows(path))) == 5:
                break
            time.sleep(0.02)
        return "x"

    server.reply = reply
    caching = cached(ChatServer(server.url, "small", workers=3), path)
    answers = caching.complete([Request.ask(str(k)) for k in range(6)])
    next(answers)
    assert len(list(rows(path))) == 6
    assert list(rows(path))[-1]["request"]["messages"] == [["user", "0"]]
    assert texts(answers) == ["x"] * 5
    assert len(server.requests) == 6


RUN = """
import sys
from helpers.llm.answer_cache import cached
from helpers.llm.backend import Request, Sampling
from helpers.llm.chat import ChatServer
asked = [Request.ask(str(k), Sampling(0.8, seed=0)) for k in range(12)]
backend = cached(ChatServer(sys.argv[1], "small", workers=2), sys.argv[2])
for answer in backend.complete(asked):
    print(answer.text, flush=True)
"""


def test_a_killed_run_goes_on_where_it_was(server: Any, tmp_path: Path) -> None:
    alive = threading.Event()

    def reply(request: dict[str, Any]) -> str:
        word = str(request["messages"][0]["content"])
        if int(word) >= 6:
            alive.wait(30)
        return word

    server.reply = reply
    path = tmp_path / "answers.jsonl"
    command = [sys.executable, "-c", RUN, server.url, str(path)]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    assert run.stdout is not None
    for _ in range(3):
        run.stdout.readline()
    run.send_signal(signal.SIGKILL)
    run.communicate()
    alive.set()
    kept = list(rows(path))
    assert 3 <= len(kept) <= 6
    backend = cached(ChatServer(server.url, "small", workers=2), path)
    asked = [Request.ask(str(k), Sampling(0.8, seed=0)) for k in range(12)]
    assert texts(backend.complete(asked)) == [str(k) for k in range(12)]
    times = Counter(str(sent["messages"][0]["content"]) for sent in server.requests)
    for row in kept:
        assert times.pop(row["answer"]["text"]) == 1
    # the server may have read what the killed run was asking at its end
    assert len(times) == 12 - len(kept) and sum(times.values()) <= len(times) + 2
