"""Chat completions from a real server on loopback, in good moods and bad ones."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from helpers.llm.backend import Completion, Request, Sampling
from helpers.llm.chat import ChatServer
from helpers.llm.transport import EndpointError

SAMPLING = Sampling(temperature=0.8, top_p=0.9, max_tokens=50, seed=3)
ASK = Request.ask("Name a tree.", SAMPLING)


def one(server: Any, request: Request = ASK, **options: Any) -> Completion:
    settings = {"retries": 2, "timeout": 10.0, "workers": 1} | options
    (found,) = ChatServer(server.url, "small", **settings).complete([request])
    return found


def test_an_answer_comes_with_all_that_is_known_of_it(server: Any) -> None:
    request = replace(ASK, messages=(("system", "Be short."), *ASK.messages))
    found = one(server, request)
    assert request.seed is not None
    seed = request.seed % 2**31
    assert found == Completion(
        text=f"Name a tree. {seed}",
        finish_reason="stop",
        prompt_tokens=7,
        completion_tokens=11,
        model="small-2024-03-21",
        fingerprint="fp_1",
        created="2023-11-14T22:13:20+00:00",
    )
    assert server.requests == [
        {
            "model": "small",
            "messages": [
                {"role": "system", "content": "Be short."},
                {"role": "user", "content": "Name a tree."},
            ],
            "temperature": 0.8,
            "top_p": 0.9,
            "max_tokens": 50,
            "seed": seed,
        }
    ]


def test_defaults_are_not_sent(server: Any) -> None:
    one(server, Request.ask("p", Sampling(temperature=0.0)))
    assert set(server.requests[0]) == {"model", "messages", "temperature", "max_tokens"}


def test_samples_of_one_prompt_have_seeds_of_their_own(server: Any) -> None:
    asked = [replace(ASK, sample=k) for k in range(5)]
    found = list(ChatServer(server.url, "small").complete(asked))
    assert len({c.text for c in found}) == 5
    again = list(ChatServer(server.url, "small", workers=1).complete(asked))
    assert again == found


def test_order_is_kept_when_answers_overtake_each_other(server: Any) -> None:
    def reply(request: dict[str, Any]) -> str:
        word = request["messages"][0]["content"]
        time.sleep(0.1 if int(word) % 4 == 0 else 0.0)
        return str(word)

    server.reply = reply
    asked = [Request.ask(str(k)) for k in range(24)]
    found = [c.text for c in ChatServer(server.url, "small", workers=6).complete(asked)]
    assert found == [str(k) for k in range(24)]
    assert len(server.requests) == 24


def test_a_busy_server_is_asked_again_after_the_time_it_wants(server: Any) -> None:
    server.moods = ["429"]
    assert one(server).text
    first, second = server.times
    assert second - first >= 0.7


@pytest.mark.parametrize("mood", ["500", "503", "cut", "hang up"])
def test_transport_is_retried(server: Any, mood: str) -> None:
    server.moods = [mood]
    assert one(server) == one(server)
    assert len(server.requests) == 3


@pytest.mark.parametrize("mood", ["500", "cut", "hang up", "429"])
def test_and_given_up_after_a_while(server: Any, mood: str) -> None:
    server.moods = [mood] * 9
    with pytest.raises(EndpointError):
        one(server, retries=1)
    assert len(server.requests) == 2


def test_a_slow_server_is_asked_again_and_given_up(server: Any) -> None:
    server.moods, server.slow = ["slow"] * 2, 0.6
    with pytest.raises(EndpointError, match="no usable answer after 1 retries"):
        one(server, timeout=0.2, retries=1)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("mood", "finish"),
    [("empty", "stop"), ("null", "stop"), ("no choice", "no choice")],
)
def test_nothing_is_an_answer_and_not_asked_for_again(
    server: Any, mood: str, finish: str
) -> None:
    server.moods = [mood]
    found = one(server)
    assert (found.text, found.finish_reason) == ("", finish)
    assert len(server.requests) == 1


def test_a_cut_off_answer_says_so(server: Any) -> None:
    server.moods = ["length"]
    assert not one(server).finished


@pytest.mark.parametrize(
    ("mood", "told"), [("half", "no usable answer"), ("told", "out of credit")]
)
def test_a_body_that_is_no_completion_is_an_error(
    server: Any, mood: str, told: str
) -> None:
    server.moods = [mood]
    with pytest.raises(EndpointError, match=told):
        one(server)


def test_a_wrong_model_is_told_and_not_retried(server: Any) -> None:
    with pytest.raises(EndpointError, match=r"status 404: .*no model 'smal'"):
        list(ChatServer(server.url, "smal").complete([ASK]))
    assert len(server.requests) == 1


REFUSALS = {
    "temperature": "Unsupported value: 'temperature' does not support 0.8 with this "
    "model. Only the default (1) value is supported.",
    "top_p": "`temperature` and `top_p` cannot both be specified for this model",
    "seed": "body -> seed: Extra inputs are not permitted",
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refused_parameter_is_left_out_and_recorded(server: Any, name: str) -> None:
    server.refuses = {name: REFUSALS[name]}
    backend = ChatServer(server.url, "small", workers=1)
    found = list(backend.complete([ASK, replace(ASK, sample=1)]))
    assert [c.dropped for c in found] == [(name,), (name,)]
    # offered once, not with every request
    assert [name in request for request in server.requests] == [True, False, False]
    others = {"temperature", "top_p", "seed", "max_tokens"} - {name}
    assert others <= set(server.requests[-1])


def test_a_limit_goes_by_its_other_name_where_the_first_is_refused(server: Any) -> None:
    server.refuses = {
        "max_tokens": "Unsupported parameter: 'max_tokens' is not supported with this "
        "model. Use 'max_completion_tokens' instead."
    }
    assert one(server).dropped == ()
    assert server.requests[-1]["max_completion_tokens"] == 50
    assert "max_tokens" not in server.requests[-1]
    server.refuses["max_completion_tokens"] = "unknown field max_completion_tokens"
    assert one(server).dropped == ("max_tokens",)


def test_a_value_out_of_range_is_an_error_and_not_left_out(server: Any) -> None:
    server.refuses = {"temperature": "'temperature' must be at most 2, not 3"}
    with pytest.raises(EndpointError, match="at most 2"):
        one(server)
    assert len(server.requests) == 1


def test_whoever_stops_taking_answers_has_asked_for_few_more(server: Any) -> None:
    asked = [Request.ask(str(k)) for k in range(100)]
    answers = ChatServer(server.url, "small", workers=2).complete(asked)
    next(answers)
    answers.close()  # type: ignore[attr-defined]
    time.sleep(0.3)
    assert len(server.requests) <= 5


def test_an_error_ends_the_run_at_its_place(server: Any) -> None:
    server.moods = ["", "", "400"]
    answers = ChatServer(server.url, "small", workers=1).complete([ASK] * 6)
    found = []
    with pytest.raises(EndpointError, match="mood 400"):
        found += list(answers)
    assert len(server.requests) <= 5


def test_the_key_comes_from_the_variable_named_and_is_not_shown(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "not-for-this-server")
    monkeypatch.setenv("OTHER_KEY", "very-secret")
    server.moods = ["401"]
    backend = ChatServer(server.url, "small", key_variable="OTHER_KEY")
    with pytest.raises(EndpointError) as caught:
        list(backend.complete([ASK]))
    assert server.keys == ["Bearer very-secret"]
    assert "very-secret" not in f"{caught.value}{backend!r}{backend.name}"


def test_the_name_tells_server_and_model_apart() -> None:
    names = {
        ChatServer(url, model).name
        for url in ("http://a/v1", "http://a/v1/", "http://b/v1")
        for model in ("m", "n")
    }
    assert len(names) == 4  # a trailing slash makes no difference


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"base_url": "localhost"}, "begins with"),
        ({"base_url": "https://me:secret@host/v1"}, "an address alone"),
        ({"workers": 0}, "workers is 0; allowed: 1 or more"),
        ({"retries": -1}, "retries is -1; allowed: 0 or more"),
        ({"timeout": 0}, "timeout is 0; allowed: above 0"),
    ],
)
def test_bad_input_is_told_at_once(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        ChatServer(**{"base_url": "http://localhost:1", "model": "m"} | settings)
    assert "secret" not in str(caught.value)
