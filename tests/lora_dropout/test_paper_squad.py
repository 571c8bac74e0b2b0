"""SQuAD: official scores by hand, windows, and a training that is stopped."""

from __future__ import annotations

import json
import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from helpers.lora_dropout.paper_recipes import Adaptation, paper_recipe
from helpers.lora_dropout.paper_squad import combined, fine_tune_squad
from helpers.lora_dropout.paper_squad_data import (
    HUB,
    Question,
    Windows,
    best_answers,
    f1,
    load_squad,
    normalised,
    read_squad,
    squad_scores,
    windows,
)
from tests.lora_dropout.paper_models import (
    QUICK,
    WORDS,
    StopAt,
    saved_model,
    tokenizer,
)

V2 = paper_recipe("SQuAD v2.0").shortened(**QUICK, max_tokens=20, stride=4)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return saved_model(tmp_path_factory.mktemp("model"))


def article(count: int, *, empty: bool) -> dict:
    """Questions for the word after "fox"; some have no answer."""
    draw = random.Random(1)
    paragraphs = []
    for number in range(count):
        words = draw.choices([w for w in WORDS if w.isalpha() and w != "fox"], k=18)
        place = draw.randrange(len(words) - 1)
        words[place] = "fox"
        text = " ".join(words)
        answer = {"text": words[place + 1], "answer_start": text.index("fox") + 4}
        none = empty and number % 3 == 0
        item = {
            "id": str(number),
            "question": " who saw the fox?",
            "answers": [] if none else [answer],
            "is_impossible": none,
        }
        paragraphs.append({"context": text, "qas": [item]})
    return {"data": [{"title": "x", "paragraphs": paragraphs}]}


def write(folder, version="v2.0"):
    empty = version == "v2.0"
    folder.mkdir(exist_ok=True)
    for name, count in (("train", 10), ("dev", 6)):
        path = folder / f"{name}-{version}.json"
        path.write_text(json.dumps(article(count, empty=empty)))
    return folder


def question(*answers, context="") -> Question:
    return Question("1", context, "?", answers, tuple(0 for _ in answers))


@pytest.mark.parametrize(
    ("guess", "answers", "exact", "overlap"),
    [
        ("The  Fox!", ("a fox",), 100, 100),
        ("red fox", ("fox", "the red, fox"), 100, 100),
        ("fox fox dog", ("fox dog",), 0, 100 * 2 * 2 / 5),
        ("cat", ("fox", "dog"), 0, 0),
        ("", (), 100, 100),
        ("fox", (), 0, 0),
        ("", ("fox",), 0, 0),
        ("", ("the",), 100, 100),  # nothing is left of the only answer
        ("theatre", ("the atre",), 0, 0),  # articles are words
    ],
)
def test_scores_by_hand(guess, answers, exact, overlap):
    found = squad_scores([guess], [question(*answers)])
    assert found == {"exact_match": exact, "f1": pytest.approx(overlap)}


def test_scores_are_means_over_questions():
    found = squad_scores(["fox", "x y"], [question("fox"), question("x")])
    assert found == {"exact_match": 50, "f1": pytest.approx((100 + 200 / 3) / 2)}
    with pytest.raises(ValueError, match="1 answers to 2 questions"):
        squad_scores(["fox"], [question(), question()])


@given(*[st.text("ab the.,")] * 2)
def test_f1_is_symmetric_and_1_for_equal_words(a, b):
    assert f1(a, b) == f1(b, a) and 0 <= f1(a, b) <= 1
    same = sorted(normalised(a).split()) == sorted(normalised(b).split())
    assert (f1(a, b) == 1) == same


def test_windows_cover_the_text_and_point_at_the_answer(tmp_path):
    questions = read_squad(write(tmp_path) / "train-v2.0.json")
    cut = windows(questions, tokenizer(tmp_path / "t"), max_tokens=20, stride=4)
    assert cut.spans.shape == (len(cut.rows), 20, 2)
    answered = set()
    for row, owner, spans in zip(cut.rows, cut.question, cut.spans, strict=True):
        one = questions[owner]
        first, last = row["start_positions"], row["end_positions"]
        seen = spans[spans[:, 1] > 0]
        whole = range(seen[0, 0], seen[-1, 1] + 1)
        if first:
            assert one.context[spans[first, 0] : spans[last, 1]] == one.answers[0]
            answered.add(owner)
        elif one.answers:
            assert one.starts[0] not in whole or (
                one.starts[0] + len(one.answers[0]) not in whole
            )
    assert answered == {i for i, one in enumerate(questions) if one.answers}
    for number, one in enumerate(questions):
        spans = cut.spans[cut.question == number].reshape(-1, 2)
        covered = {i for a, b in spans if b > 0 for i in range(a, b)}
        assert covered == {i for i, c in enumerate(one.context) if c != " "}


def test_windows_in_chunks_are_the_same(tmp_path, monkeypatch):
    questions = read_squad(write(tmp_path) / "train-v2.0.json")
    size = {"max_tokens": 20, "stride": 4}
    whole = windows(questions, tokenizer(tmp_path / "t"), **size)
    monkeypatch.setattr("helpers.lora_dropout.paper_squad_data._CHUNK", 3)
    parts = windows(questions, tokenizer(tmp_path / "t"), **size)
    assert (whole.question == parts.question).all()
    assert (whole.spans == parts.spans).all()
    for a, b in zip(whole.rows, parts.rows, strict=True):
        assert all(np.array_equal(a[k], b[k]) for k in a)


def answered(scores, *, may_be_empty=False, longest=30):
    """Brute force over all pairs, for two windows of one text."""
    text = "aa bb cc dd ee"
    spans = np.full((2, 6, 2), -1)
    spans[0, 2:5] = [[0, 2], [3, 5], [6, 8]]
    spans[1, 2:5] = [[6, 8], [9, 11], [12, 14]]
    cut = Windows([], np.array([0, 0]), spans)
    one = question("aa", context=text)
    (found,) = best_answers([one], cut, scores, may_be_empty=may_be_empty)
    pairs = [
        (scores[w, 0, i] + scores[w, 1, j], text[spans[w, i, 0] : spans[w, j, 1]])
        for w in range(2)
        for i in range(2, 5)
        for j in range(i, 5)
    ]
    best, text = max(pairs)
    if may_be_empty and min(scores[:, 0, 0] + scores[:, 1, 0]) >= best:
        text = ""
    return found, text


@pytest.mark.parametrize("seed", range(20))
def test_best_answer_is_that_of_brute_force(seed):
    scores = np.random.default_rng(seed).normal(size=(2, 2, 6))
    for empty in (False, True):
        found, expected = answered(scores, may_be_empty=empty)
        assert found == expected
    scores[:, :, 0] = 9
    assert answered(scores, may_be_empty=True) == ("", "")
    scores[1, :, 0] = -9  # one window is sure that there is something
    assert answered(scores, may_be_empty=True)[0]


def test_answers_have_a_longest_length():
    spans = np.array([[[-1, -1]] + [[2 * i, 2 * i + 1] for i in range(40)]])
    scores = np.zeros((1, 2, 41))
    scores[0, 0, 1], scores[0, 1, 40] = 9, 9
    cut = Windows([], np.array([0]), spans)
    one = question("x", context="x " * 40)
    (found,) = best_answers([one], cut, scores, may_be_empty=False)
    assert len(found.split()) <= 30


def test_combined_by_hand():
    members = torch.tensor([[[[0.0, 2.0]]], [[[0.0, 0.0]]]])
    assert combined(members, "logit").tolist() == [[[0.0, 1.0]]]
    p = (1 / (1 + np.exp(-2)) + 0.5) / 2
    assert combined(members, "prob")[0, 0].exp().tolist() == pytest.approx([1 - p, p])


@pytest.mark.parametrize("version", ["SQuAD v1.1", "SQuAD v2.0"])
def test_stopped_and_resumed_is_as_never_stopped(tmp_path, model, version):
    def run(work, *callbacks):
        return fine_tune_squad(
            version,
            Adaptation(rank=2, instances=2, members=2),
            work=tmp_path / work,
            model=model,
            folder=data,
            recipe=V2,
            progress=False,
            callbacks=callbacks,
        )

    data = write(tmp_path / "data", version.split()[-1])
    whole = run("a")
    with pytest.raises(KeyboardInterrupt):
        run("b", StopAt(3))
    resumed = run("b")
    assert resumed.mean == whole.mean and resumed.ensemble == whole.ensemble
    assert whole.mean.keys() == {"exact_match", "f1"} and whole.steps >= 4
    weights = [
        torch.load(
            tmp_path / work / f"checkpoints/checkpoint-{whole.steps}/optimizer.pt"
        )
        for work in "ab"
    ]
    moments = [w["state"][0]["exp_avg"] for w in weights]
    assert torch.equal(*moments) and moments[0].any()
    assert run("b") == resumed  # read from its file


def test_wrong_files(tmp_path):
    with pytest.raises(ValueError, match=r"did you mean 'SQuAD v2\.0'"):
        load_squad("SQuAD v2")
    with pytest.raises(FileNotFoundError, match=r"train-v1\.1\.json"):
        load_squad("SQuAD v1.1", tmp_path)
    path = tmp_path / "x.json"
    path.write_text('{"data": [{"title": "x"}]}')
    with pytest.raises(ValueError, match="no file of SQuAD"):
        read_squad(path)
    moved = article(2, empty=False)
    moved["data"][0]["paragraphs"][1]["qas"][0]["answers"][0]["answer_start"] += 1
    path.write_text(json.dumps(moved))
    with pytest.raises(ValueError, match="question 1 is not at"):
        read_squad(path)


@pytest.mark.parametrize("version", list(HUB))
def test_the_hubs_tables(tmp_path, version):
    local = read_squad(write(tmp_path) / "train-v2.0.json")
    rows = [
        {
            "id": one.name,
            "context": one.context,
            "question": one.question,
            "answers": {"text": list(one.answers), "answer_start": list(one.starts)},
        }
        for one in local
    ]
    folder = tmp_path / HUB[version][1]
    folder.mkdir()
    for split, part in (("train", rows), ("validation", rows[:2])):
        table = pd.DataFrame(part)
        table.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    assert load_squad(version, tmp_path) == (local, local[:2])
