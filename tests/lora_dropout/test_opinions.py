"""The opinion task: balanced, without leaks, learnable."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from helpers.lora_dropout import opinions as grammar
from helpers.lora_dropout.opinions import opinions


def score(train, clean, test, truth):
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\w+"), LogisticRegression())
    return model.fit(train, clean).score(test, truth)


def test_same_seed_same_task_and_another_seed_another():
    assert opinions(64, seed=3).digest == opinions(64, seed=3).digest
    assert opinions(64, seed=3).digest != opinions(64, seed=4).digest


def test_balanced_and_without_repetition():
    task = opinions(256, seed=0)
    texts = task.train.texts + task.test.texts
    assert len(set(texts)) == len(texts) == 1256
    assert task.train.clean.mean() == task.test.clean.mean() == 0.5
    assert (task.test.labels != task.test.clean).mean() == pytest.approx(0.2, abs=0.04)


def test_every_verdict_belongs_to_one_class_and_every_text_to_one_number():
    assert len(set(grammar.POSITIVE) | set(grammar.NEGATIVE)) == 60
    each = int(np.prod(grammar._SHAPE))
    assert len({grammar._text(c, i) for c in range(2) for i in range(each)}) == 2 * each


def test_clean_labels_can_be_learnt_from_words():
    task = opinions(1000, noise=0.0, seed=0)
    assert score(*_parts(task, str)) > 0.95


def test_without_the_verdict_nothing_can_be_learnt():
    verdicts = sorted(grammar.POSITIVE + grammar.NEGATIVE, key=len, reverse=True)

    def without(text):
        return text.replace(next(v for v in verdicts if v in text), "x")

    assert score(*_parts(opinions(4000, noise=0.0, seed=0), without)) < 0.55


def _parts(task, change):
    train, test = task.train, task.test
    return (
        [change(t) for t in train.texts],
        train.clean,
        [change(t) for t in test.texts],
        test.clean,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 3}, "n is 3; allowed: an even number"),
        ({"n": 4, "test_size": 0}, "test_size is 0; allowed"),
        ({"n": 4, "noise": 0.5}, "noise is 0.5; allowed"),
        ({"n": 40_000}, "the grammar has 32400"),
    ],
)
def test_bad_sizes(arguments, message):
    with pytest.raises(ValueError, match=message):
        opinions(**arguments, seed=0)
