"""Models of transformers: exact sampling, of each request by itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from scipy import stats

from helpers.llm.backend import BackendError, Completion, Request, Sampling
from helpers.llm.chat import ChatServer
from helpers.llm.local import LocalModel, weights_hash
from tests.llm.small_chat import decoder, save

PROMPTS = ["Name a tree .", "Name", "Name a tree . oak elm ash"]
SAMPLING = Sampling(0.8, 1.0, 12, 0)


def local(**options: Any) -> LocalModel:
    return LocalModel(*decoder(), "small", **options)


def ask(prompt: str, sampling: Sampling = SAMPLING, sample: int = 0) -> Request:
    return Request.ask(prompt, sampling, sample=sample)


def undated(answers: Any) -> list[Completion]:
    return [replace(answer, created="") for answer in answers]


def next_token(prompt: str, temperature: float, top_p: float = 1.0) -> torch.Tensor:
    """Probabilities after a prompt, computed plainly."""
    model, tokenizer = decoder()
    with torch.no_grad():
        scores = model(**tokenizer(prompt, return_tensors="pt")).logits[0, -1].double()
    chances = (scores / temperature).softmax(0)
    ranked, order = chances.sort(descending=True)
    kept = ranked * (ranked.cumsum(0) - ranked < top_p)
    return torch.zeros_like(chances).index_put((order,), kept / kept.sum())


@pytest.mark.parametrize(("temperature", "top_p"), [(0.5, 1.0), (1.0, 0.6)])
def test_tokens_are_drawn_from_the_models_distribution(
    temperature: float, top_p: float
) -> None:
    _, tokenizer = decoder()
    draws = 2000
    asked = [ask("tree", Sampling(temperature, top_p, 1, 5), k) for k in range(draws)]
    found = Counter(c.text for c in local(batch=500).complete(asked))
    expected: Counter[str] = Counter()
    for token, chance in enumerate(next_token("tree", temperature, top_p).tolist()):
        word = tokenizer.decode([token], skip_special_tokens=True)
        expected[word] += chance * draws
    assert all(expected[word] > 0 for word in found)
    often = [word for word in expected if expected[word] >= 5]
    assert len(often) >= 5
    observed, wanted = ([c[w] for w in often] for c in (found, expected))
    observed.append(draws - sum(observed))  # all rare ones together
    wanted.append(max(draws - sum(wanted), 1e-9))
    assert stats.chisquare(observed, wanted, sum_check=False).pvalue > 1e-3


def test_an_answer_does_not_depend_on_what_is_asked_beside_it() -> None:
    asked = [ask(prompt, sample=k) for prompt in PROMPTS for k in range(4)]
    alone = undated(local(batch=1).complete(asked))
    assert undated(local(batch=5).complete(asked)) == alone
    assert undated(local(batch=12).complete(asked[::-1])) == alone[::-1]
    assert len({answer.text for answer in alone}) == 12
    other = [replace(r, sampling=replace(r.sampling, seed=1)) for r in asked]
    assert undated(local().complete(other)) != alone


def test_without_a_seed_answers_differ() -> None:
    request = ask(PROMPTS[0], replace(SAMPLING, seed=None))
    assert undated(local().complete([request])) != undated(local().complete([request]))


def test_temperature_zero_is_the_likeliest_token_each_time() -> None:
    model, tokenizer = decoder()
    asked = [ask(prompt, Sampling(0.0, 1.0, 12)) for prompt in PROMPTS]
    for prompt, answer in zip(PROMPTS, local().complete(asked), strict=True):
        ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
        start = ids.shape[1]
        for _ in range(12):
            with torch.no_grad():
                token = model(ids).logits[0, -1].argmax()
            ids = torch.cat([ids, token.view(1, 1)], dim=1)
            if token == tokenizer.eos_token_id:
                break
        text = tokenizer.decode(ids[0, start:], skip_special_tokens=True)
        assert answer.text == text
        assert answer.prompt_tokens == start
        assert answer.completion_tokens == ids.shape[1] - start


def test_the_models_own_defaults_change_nothing() -> None:
    model, _ = decoder()
    asked = [ask(prompt) for prompt in PROMPTS]
    plain = undated(local().complete(asked))
    before = model.generation_config
    model.generation_config = type(before)(
        eos_token_id=before.eos_token_id,
        do_sample=True,
        temperature=0.1,
        top_k=1,
        top_p=0.1,
        repetition_penalty=5.0,
        no_repeat_ngram_size=1,
    )
    try:
        assert undated(local().complete(asked)) == plain
    finally:
        model.generation_config = before


def test_answers_end_at_an_end_or_at_the_limit() -> None:
    asked = [ask(PROMPTS[0], Sampling(1.0, 1.0, 20, 0), k) for k in range(60)]
    found = list(local(batch=60).complete(asked))
    reasons = {answer.finish_reason for answer in found}
    assert reasons == {"stop", "length"}
    for answer in found:
        assert answer.finished == (answer.finish_reason == "stop")
        if not answer.finished:
            assert answer.completion_tokens == 20
        assert "<eos>" not in answer.text


def test_a_chat_goes_through_the_template_and_a_plain_prompt_does_not(
    tmp_path: Path,
) -> None:
    folder = save(tmp_path)
    chat, plain = LocalModel.load(folder), LocalModel.load(folder, chat=False)
    request = ask("Name a tree .")
    (answer,) = undated(chat.complete([request]))
    spelled = ask("user: Name a tree .\nmodel:")
    # the template of this tokenizer writes no <bos>
    assert answer.prompt_tokens == len(decoder()[1](spelled.prompt)["input_ids"]) - 1
    assert chat.name == f"{weights_hash(folder)} chat cpu float32"
    assert plain.name == f"{weights_hash(folder)} plain cpu float32"
    with pytest.raises(BackendError, match="no system role"):
        list(chat.complete([Request((("system", "a"), ("user", "b")))]))


def test_a_base_model_goes_on_with_the_opening(tmp_path: Path) -> None:
    folder = save(tmp_path, template=False)
    opened = LocalModel.load(folder, opening=" oak")
    assert opened.name == f"{weights_hash(folder)} plain cpu float32 ' oak'"
    (answer,) = opened.complete([ask("Name")])
    assert answer.text.startswith(" oak")
    assert answer.prompt_tokens == 3
    with pytest.raises(ValueError, match="no chat template"):
        LocalModel.load(folder, chat=True)


def test_other_weights_have_another_name(tmp_path: Path) -> None:
    folder = save(tmp_path)
    before = weights_hash(folder)
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert weights_hash(folder) != before
    path.unlink()
    with pytest.raises(ValueError, match="holds no weights"):
        weights_hash(folder)


def test_the_context_is_not_overrun() -> None:
    long = ask("Name " * 60, Sampling(1.0, 1.0, 50, 0))
    (answer,) = local().complete([long])
    assert answer.completion_tokens <= 64 - answer.prompt_tokens
    with pytest.raises(BackendError, match="leaves no room"):
        list(local().complete([ask("Name " * 70)]))
    with pytest.raises(ValueError, match="batch is 0"):
        local(batch=0)


def test_a_long_prompt_takes_no_room_from_its_neighbours() -> None:
    sampling = Sampling(1.0, 1.0, 50, 0)
    asked = [ask("Name " * n, sampling, k) for n in (1, 60, 1, 30) for k in range(3)]
    alone = [undated(local(batch=1).complete([request]))[0] for request in asked]
    assert undated(local(batch=12).complete(asked)) == alone
    found = []
    with pytest.raises(BackendError, match="a prompt of 72 tokens leaves no room"):
        for answer in local().complete([asked[0], ask("Name " * 70, sampling)]):
            found += undated([answer])
    assert found == alone[:1]


def test_prompts_of_any_length_share_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    model, calls = local(batch=12), []
    generate = model.model.generate
    model._ends = set(range(len(model.tokenizer)))  # whatever comes first ends it
    monkeypatch.setattr(
        model.model,
        "generate",
        lambda **given: calls.append(len(given["input_ids"])) or generate(**given),
    )
    sampling = Sampling(1.0, 1.0, 50, 0)  # more than the context has room for
    answers = list(
        model.complete([ask("Name " * n, sampling) for n in range(1, 60, 5)])
    )
    assert calls == [12]
    assert {answer.finish_reason for answer in answers} == {"stop"}


def test_a_server_of_the_same_model_gives_the_same_answers(
    server: Any, tmp_path: Path
) -> None:
    model = LocalModel.load(save(tmp_path))
    asked = [ask(prompt, Sampling(0.0, 1.0, 12)) for prompt in PROMPTS]

    def reply(request: dict[str, Any]) -> str:
        messages = tuple((m["role"], m["content"]) for m in request["messages"])
        heat = Sampling(request["temperature"], 1.0, request["max_tokens"])
        (answer,) = model.complete([Request(messages, heat)])
        return answer.text

    server.reply = reply
    served = ChatServer(server.url, "small").complete(asked)
    assert [c.text for c in served] == [c.text for c in model.complete(asked)]
