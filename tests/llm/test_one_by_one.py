"""The pool keeps order, and never runs far ahead."""

from __future__ import annotations

import threading
import time

import pytest

from helpers.llm.backend import Completion, Request
from helpers.llm.one_by_one import in_order

ASKED = [Request.ask(str(k)) for k in range(20)]


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_order_is_kept_and_no_more_are_under_way_than_allowed(workers: int) -> None:
    lock = threading.Lock()
    under_way, most = 0, 0

    def answer(request: Request) -> Completion:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01 if int(request.prompt) % 3 else 0.03)
        with lock:
            under_way -= 1
        return Completion(request.prompt)

    found = [c.text for c in in_order(answer, ASKED, workers)]
    assert found == [str(k) for k in range(20)]
    assert most <= workers


def test_an_error_comes_at_its_place_and_ends_the_asking() -> None:
    asked = []

    def answer(request: Request) -> Completion:
        asked.append(request)
        if request.prompt == "4":
            raise ValueError("four")
        return Completion(request.prompt)

    found = []
    with pytest.raises(ValueError, match="four"):
        for completion in in_order(answer, ASKED, 2):
            found.append(completion.text)
    assert found == ["0", "1", "2", "3"]
    assert len(asked) <= 8


def test_nothing_is_asked_before_an_answer_is_wanted() -> None:
    in_order(lambda request: pytest.fail("asked"), ASKED, 2)
    assert list(in_order(lambda request: pytest.fail("asked"), [], 2)) == []
