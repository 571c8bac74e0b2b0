"""Requests are checked before anything is asked, and know their random numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.llm.backend import Completion, Request, Sampling


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"temperature": -0.1}, "temperature is -0.1; allowed: 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"temperature": float("inf")}, "temperature is inf"),
        ({"top_p": 0}, "top_p is 0; allowed: above 0, at most 1"),
        ({"top_p": 1.1}, "top_p is 1.1"),
        ({"max_tokens": 0}, "max_tokens is 0; allowed: 1 or more"),
    ],
)
def test_sampling_out_of_range_is_an_error(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Sampling(**settings)


def test_bad_requests_are_errors() -> None:
    with pytest.raises(ValueError, match="without messages"):
        Request(())
    with pytest.raises(ValueError, match="did you mean 'user'"):
        Request((("usr", "hello"),))
    with pytest.raises(ValueError, match="sample is -1"):
        Request.ask("p", sample=-1)


def test_seeds_differ_by_seed_sample_and_prompt_and_by_nothing_else() -> None:
    base = Request.ask("p", Sampling(seed=0))
    others = [
        replace(base, sample=1),
        replace(base, sampling=Sampling(seed=1)),
        Request.ask("q", Sampling(seed=0)),
        Request((("system", "p"),), Sampling(seed=0)),
    ]
    seeds = {request.seed for request in [base, *others]}
    assert len(seeds) == 5
    assert all(seed is not None and 0 <= seed < 2**63 for seed in seeds)
    assert replace(base, template="2").seed == base.seed
    assert replace(base, sampling=Sampling(0.5, seed=0)).seed == base.seed
    assert Request.ask("p").seed is None


def test_requests_can_be_put_in_sets_and_read_by_models_without_roles() -> None:
    request = Request((("system", "a"), ("user", "b")))
    assert len({request, replace(request)}) == 1
    assert request.prompt == "a\n\nb"


def test_only_the_limit_leaves_an_answer_unfinished() -> None:
    ends = {"stop": True, "": True, "content_filter": True, "length": False}
    assert {end: Completion("", end).finished for end in ends} == ends
