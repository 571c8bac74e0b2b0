"""Opinions in one clause with wrong labels: a task that a small network memorises.

Every text is an opening, an aspect, a verdict and an ending, such as "to me the pacing
was far from boring for the most part". The verdict alone decides the class; many of the
verdicts turn a word round ("hard to fault", "anything but clear"). Openings, aspects
and endings carry no information, and 20 % of the labels are wrong, in the training and
in the test split: what is learnt beyond the verdict costs test likelihood.
"""

from __future__ import annotations

import numpy as np

from helpers.lora_dropout.tasks import Split, Task, check_noise, with_label_noise

CLASSES = ("negative", "positive")

OPENINGS = (
    "",
    "to me",
    "i felt that",
    "in the end",
    "my friends say",
    "on second viewing",
)
ASPECTS = (
    "acting",
    "camera work",
    "cast",
    "dialogue",
    "ending",
    "first half",
    "humour",
    "lighting",
    "music",
    "opening scene",
    "pacing",
    "plot",
    "setting",
    "sound",
    "story",
)
ENDINGS = (
    "",
    "for the most part",
    "this time",
    "as far as i can tell",
    "from start to finish",
    "compared with the book",
)
POSITIVE = (
    "a joy to follow",
    "a pleasant surprise",
    "anything but dull",
    "beautifully done",
    "better than i had hoped",
    "bold and inventive",
    "clever without showing off",
    "convincing throughout",
    "everything but a failure",
    "far from boring",
    "free of any mistake",
    "full of charm",
    "handled with great care",
    "hard to fault",
    "impossible to dislike",
    "in no way disappointing",
    "just right",
    "lovely in its own way",
    "miles away from terrible",
    "never once tiresome",
    "not at all weak",
    "not bad by any measure",
    "nothing to complain about",
    "rich in detail",
    "the best part of it",
    "too good to be missed",
    "truly moving",
    "very hard to resist",
    "warm and sincere",
    "worth every minute",
)
NEGATIVE = (
    "a chore to sit through",
    "a missed chance",
    "anything but clear",
    "badly put together",
    "beyond any rescue",
    "clumsy and loud",
    "devoid of charm",
    "everything but convincing",
    "far from good",
    "flat and lifeless",
    "hard to forgive",
    "impossible to enjoy",
    "in no way impressive",
    "less fun than i had hoped",
    "miles away from great",
    "never once moving",
    "not at all strong",
    "not good by any measure",
    "nothing to be proud of",
    "painfully slow",
    "poor in detail",
    "spoiled by vanity",
    "stale and borrowed",
    "the weakest part of it",
    "too long to be liked",
    "truly annoying",
    "very hard to defend",
    "wasted on everyone",
    "without any care",
    "worth skipping",
)
_SHAPE = (len(OPENINGS), len(ASPECTS), len(POSITIVE), len(ENDINGS))


def opinions(n: int, *, test_size: int = 1000, noise: float = 0.2, seed: int) -> Task:
    """Balanced training and test split of the opinions; no text is in both.

    The verdicts are the same in both splits: what is new in a test text is the
    combination.

    Parameters
    ----------
    n : int
        Training texts.
    test_size : int
        Test texts.
    noise : float
        Probability of a wrong label, in [0, 0.5).
    seed : int
        Of texts and wrong labels.

    Raises
    ------
    ValueError
        If a size or the noise is out of range, or the grammar has too few texts.

    Examples
    --------
    >>> task = opinions(4, test_size=2, noise=0.0, seed=0)
    >>> pairs = zip(task.train.texts, task.train.labels, strict=True)
    >>> for text, label in pairs:  # doctest: +ELLIPSIS
    ...     print(f"{task.classes[label]}: {text}")
    positive: in the end the opening scene was lovely in its own way from start to ...
    positive: to me the cast was rich in detail for the most part
    negative: to me the lighting was flat and lifeless as far as i can tell
    negative: i felt that the sound was wasted on everyone for the most part
    """
    check_noise(noise, len(CLASSES))
    each = int(np.prod(_SHAPE))
    for name, value in (("n", n), ("test_size", test_size)):
        if value < 2 or value % 2:
            raise ValueError(f"{name} is {value}; allowed: an even number from 2 on")
    if n + test_size > 2 * each:
        raise ValueError(
            f"{n} + {test_size} texts were asked for; the grammar has {2 * each}"
        )
    draw = np.random.default_rng(seed)
    # drawn without replacement within a class, hence disjoint between the splits
    chosen = [draw.permutation(each)[: (n + test_size) // 2] for _ in CLASSES]
    splits = []
    for part in (slice(0, n // 2), slice(n // 2, None)):
        pairs = [(c, int(i)) for c in range(2) for i in chosen[c][part]]
        order = draw.permutation(len(pairs))
        clean = np.array([pairs[k][0] for k in order], dtype=np.int64)
        texts = tuple(_text(*pairs[k]) for k in order)
        splits.append(Split(texts, with_label_noise(clean, 2, noise, draw), clean))
    return Task("opinions", CLASSES, splits[0], splits[1], noise)


def _text(label: int, number: int) -> str:
    """Text ``number`` of a class, counting through the grammar."""
    opening, aspect, verdict, ending = np.unravel_index(number, _SHAPE)
    words = (
        OPENINGS[opening],
        f"the {ASPECTS[aspect]} was",
        (NEGATIVE, POSITIVE)[label][verdict],
        ENDINGS[ending],
    )
    return " ".join(word for word in words if word)
