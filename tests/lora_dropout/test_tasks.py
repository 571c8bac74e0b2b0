"""Splits, tasks and label noise."""

import numpy as np
import pytest

from helpers.lora_dropout.tasks import Split, Task, with_label_noise


def split(*texts, labels=None):
    labels = np.zeros(len(texts), np.int64) if labels is None else np.array(labels)
    return Split(texts, labels, labels)


def test_no_text_may_be_in_both_splits():
    with pytest.raises(ValueError, match="1 texts are in both splits, such as 'b'"):
        Task("t", ("x", "y"), split("a", "b"), split("b", "c"), 0.0)


def test_a_label_must_be_a_class_number():
    with pytest.raises(ValueError, match="labels go from 0 to 2; allowed: 0 to 1"):
        Task("t", ("x", "y"), split("a", "b", labels=[0, 2]), split("c"), 0.0)


def test_as_many_labels_as_texts():
    with pytest.raises(ValueError, match=r"allowed: \(2,\) for 2 texts"):
        split("a", "b", labels=[0])


def test_digest_sees_every_part():
    def digest(name="t", text="a", label=0, clean=0):
        train = Split((text,), np.array([label]), np.array([clean]))
        return Task(name, ("x", "y"), train, split("z"), 0.0).digest

    variants = [digest(), digest("u"), digest(text="b"), digest(label=1)]
    assert len({*variants, digest(clean=1)}) == 5
    assert digest() == digest()


@pytest.mark.parametrize("classes", [2, 9])
def test_noise_has_the_stated_rate_and_spreads_evenly(classes):
    clean = np.arange(60_000) % classes
    noisy = with_label_noise(clean, classes, 0.3, np.random.default_rng(1))
    wrong = noisy != clean
    assert wrong.mean() == pytest.approx(0.3, abs=0.01)
    shift = np.bincount((noisy - clean)[wrong] % classes, minlength=classes)
    assert shift[1:] / wrong.sum() == pytest.approx(1 / (classes - 1), rel=0.08)


@pytest.mark.parametrize(("noise", "classes"), [(-0.1, 2), (0.5, 2), (0.9, 9)])
def test_noise_must_leave_something_to_learn(noise, classes):
    with pytest.raises(ValueError, match="allowed: 0 up to, not including"):
        with_label_noise(np.zeros(3, int), classes, noise, np.random.default_rng(0))
