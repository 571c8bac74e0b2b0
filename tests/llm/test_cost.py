"""No call beyond the cap, and none at all where the estimate is above it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helpers.llm.answer_cache import cached
from helpers.llm.backend import Completion, Request, Sampling
from helpers.llm.chat import ChatServer
from helpers.llm.cost import (
    CostCapError,
    Estimate,
    Price,
    estimate,
    rough_tokens,
    run_requests,
)
from helpers.row_log import rows

PRICE = Price(prompt=1.0, completion=10.0)  # dollars for a million tokens
ASKED = [Request.ask("x" * 8, Sampling(1.0, 1.0, 1000, 0), sample=k) for k in range(10)]


class Talking:
    """Answers of 500 tokens to prompts of 100, as the server counts them."""

    name = "m"

    def __init__(self, stops: int = 10**9) -> None:
        self.asked, self.stops = 0, stops

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        for _ in requests:
            if self.asked == self.stops:
                raise KeyboardInterrupt
            self.asked += 1
            yield Completion("y", "stop", 100, 500)


def run(backend: Any, requests: Sequence[Request] = ASKED, **more: Any) -> Any:
    return run_requests(backend, requests, progress=False, **more)


def test_an_estimate_asks_nothing_and_counts_the_longest_answers() -> None:
    backend = Talking()
    found = estimate(backend, ASKED, price=PRICE)
    assert found == Estimate(10, 0, 10, 10_000, (10 * 1 + 10_000 * 10) / 1e6)
    assert str(found) == "10 calls (0 kept), 10 + 10,000 tokens, about $0.10"
    usual = estimate(backend, ASKED, expected_tokens=300, count=len)
    assert usual == Estimate(10, 0, 80, 3000, None)
    assert estimate(backend, ASKED, expected_tokens=9999).completion_tokens == 10_000
    assert backend.asked == 0


def test_what_is_in_the_cache_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    run(cached(Talking(), path), ASKED[:6])
    backend = Talking()
    again = cached(backend, path)
    found = estimate(again, [*ASKED, *ASKED], price=PRICE)
    assert (found.calls, found.kept) == (4, 6)
    # 4 * (100 + 5000) / 1e6 = 0.0204; ten would be 0.051
    assert len(run(again, [*ASKED, *ASKED], price=PRICE, max_cost=0.041)) == 20
    assert backend.asked == 4


def test_above_the_cap_nothing_is_asked() -> None:
    backend = Talking()
    with pytest.raises(CostCapError, match=r"cap of \$0\.09; nothing was asked"):
        run(backend, price=PRICE, max_cost=0.09)
    assert backend.asked == 0
    assert len(run(backend, price=PRICE, max_cost=0.11)) == 10


def test_a_wrong_estimate_is_stopped_at_the_cap_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    backend = Talking()
    with pytest.raises(CostCapError, match=r"on 4 of 10 answers, above the cap"):
        run(
            cached(backend, path),
            price=PRICE,
            max_cost=0.0161,  # three answers and a bit
            expected_tokens=1,
        )
    assert backend.asked == 4
    assert len(list(rows(path))) == 4
    rest = Talking()
    assert len(run(cached(rest, path))) == 10
    assert rest.asked == 6


def test_a_server_is_not_asked_for_many_more(server: Any, tmp_path: Path) -> None:
    asked = [replace(ASKED[0], sample=k) for k in range(60)]
    backend = cached(ChatServer(server.url, "small", workers=2), tmp_path / "a.jsonl")
    # 11 tokens each
    with pytest.raises(CostCapError):
        run(backend, asked, price=Price(0, 1e6), max_cost=60, expected_tokens=1)
    time.sleep(0.3)
    assert 6 <= len(server.requests) <= 10


def test_an_interrupted_run_keeps_its_answers(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(cached(Talking(stops=3), path))
    assert len(list(rows(path))) == 3


def test_uncounted_answers_are_counted_here() -> None:
    class Silent(Talking):
        def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
            for _ in requests:
                yield Completion("y" * 800)

    # a prompt of 1 token, an answer of 100: 1001 millionths of a dollar
    with pytest.raises(CostCapError, match="on 3 of 10"):
        run(Silent(), price=PRICE, max_cost=0.0021, expected_tokens=1)


def test_a_bar_shows_what_was_spent(capsys: pytest.CaptureFixture[str]) -> None:
    run_requests(Talking(), ASKED, price=PRICE, max_cost=1)
    assert "answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"max_cost": 1.0}, "with a price"),
        ({"max_cost": -1.0, "price": PRICE}, "max_cost is -1.0; allowed: 0 or more"),
        ({"expected_tokens": 0}, "expected_tokens is 0; allowed: 1 or more"),
    ],
)
def test_bad_input_is_told_at_once(settings: dict[str, Any], told: str) -> None:
    backend = Talking()
    with pytest.raises(ValueError, match=told):
        run(backend, **settings)
    with pytest.raises(ValueError, match="prompt is -1"):
        Price(-1, 1)
    assert backend.asked == 0


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 0), ("word " * 10, 10), ("12345", 2), ("a_b\n\n", 4)]
)
def test_tokens_are_roughly_counted(text: str, tokens: int) -> None:
    assert rough_tokens(text) == tokens
