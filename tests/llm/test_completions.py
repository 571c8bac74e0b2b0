"""The client against a real server on loopback, in good moods and bad ones."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.llm.completions import Endpoint, EndpointError

SETTING: dict[str, Any] = {"temperature": 0.7}


def test_completions_come_with_their_ends(server: Any) -> None:
    found = Endpoint(server.url, "small").complete(
        "x = ", 2, temperature=0.7, top_p=0.9, max_tokens=9, stop=["\n"], seed=3
    )
    assert [c.text for c in found] == ["x =  3 0", "x =  3 1"]
    assert [c.finished for c in found] == [True, False]
    (request,) = server.requests
    sent = {k: request[k] for k in ("n", "temperature", "top_p", "max_tokens", "stop")}
    assert sent == {
        "n": 2,
        "temperature": 0.7,
        "top_p": 0.9,
        "max_tokens": 9,
        "stop": ["\n"],
    }


def test_a_server_that_gives_few_is_asked_again(server: Any) -> None:
    server.most = 2
    found = Endpoint(server.url, "small").complete("p", 5, seed=0, **SETTING)
    assert len(found) == 5
    assert [r["n"] for r in server.requests] == [5, 3, 1]
    assert len({c.text for c in found}) == 5  # other seeds each time


@pytest.mark.parametrize("mood", ["429", "500", "503"])
def test_transport_is_retried(server: Any, mood: str) -> None:
    server.moods = [mood]
    assert len(Endpoint(server.url, "small").complete("p", 1, **SETTING)) == 1
    assert len(server.requests) == 2


def test_a_slow_server_is_given_up(server: Any) -> None:
    server.moods = ["slow"]
    endpoint = Endpoint(server.url, "small", timeout=0.2, retries=0)
    with pytest.raises(EndpointError, match="no usable answer after 0 retries"):
        endpoint.complete("p", 1, **SETTING)


def test_a_cut_answer_is_no_answer(server: Any) -> None:
    server.moods = ["cut"]
    endpoint = Endpoint(server.url, "small", timeout=2, retries=0)
    with pytest.raises(EndpointError):
        endpoint.complete("p", 1, **SETTING)


def test_refusals_are_told_and_not_retried(server: Any) -> None:
    with pytest.raises(EndpointError, match=r"status 404: .*no model 'smal'"):
        Endpoint(server.url, "smal").complete("p", 1, **SETTING)
    assert len(server.requests) == 1


def test_an_answer_without_completions_is_an_error(server: Any) -> None:
    server.moods = ["empty"]
    with pytest.raises(EndpointError, match="without a completion"):
        Endpoint(server.url, "small").complete("p", 1, **SETTING)


def test_the_key_comes_from_the_environment_and_is_not_shown(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "very-secret")
    endpoint = Endpoint(server.url, "small", retries=0)
    server.moods = ["401"]
    with pytest.raises(EndpointError) as caught:
        endpoint.complete("p", 1, **SETTING)
    assert server.keys == ["Bearer very-secret"]
    assert "very-secret" not in f"{caught.value}{endpoint!r}"


def test_bad_input_is_told_at_once() -> None:
    with pytest.raises(ValueError, match="begins with"):
        Endpoint("localhost:8000", "small")
    with pytest.raises(ValueError, match="n is 0"):
        Endpoint("http://localhost:1", "small").complete("p", 0, **SETTING)
