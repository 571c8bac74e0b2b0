"""The corpus is read without running code, and divided without leaks."""

import numpy as np
import pytest

from helpers.lora_dropout.docstring_files import docstrings, read_folder
from helpers.lora_dropout.docstrings import (
    LIBRARIES,
    Sentences,
    docstring_sentences,
    docstring_task,
    folder,
    merged,
    version,
)


def corpus(parts=6, each=5):
    """Every library has some parts of some sentences; texts are all different."""
    rows = [
        (label, f"{name}/part{part}", f"{name} {part} {i}")
        for label, name in enumerate(LIBRARIES)
        for part in range(parts)
        for i in range(each)
    ]
    labels, names, texts = zip(*rows, strict=True)
    return Sentences(texts, np.array(labels, np.int64), names, {})


def write(root, name, source):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)


def test_sources_are_read_and_never_run(tmp_path):
    write(tmp_path, "a.py", '"""Stop the whole program now."""\nraise SystemExit')
    write(tmp_path, "b/c/d.py", 'class A:\n    """Hold a number of things."""\n')
    write(tmp_path, "b/broken.py", '"""Never seen by any reader."""\ndef (')
    write(tmp_path, "tests/e.py", '"""Test the things of before."""')
    write(tmp_path, "b/test_f.py", '"""Test the things of after."""')
    assert read_folder(tmp_path, "lib") == [
        ("lib/a", "Stop the whole program now"),
        ("lib/b/c", "Hold a number of things"),
    ]


def test_near_copies_are_kept_once(tmp_path):
    write(tmp_path, "a.py", '"""Construct a BertModel with weights."""')
    write(tmp_path, "b.py", '"""Construct a T5Model, with weights."""')
    found = read_folder(tmp_path, "lib")
    assert found == [("lib/a", "Construct a BertModel with weights")]


def test_docstrings_of_every_holder_at_every_depth():
    source = b'''"""M"""
if True:
    class A:
        """C"""
        async def f(self):
            """F"""
            with x:
                def g():
                    """G"""
else:
    try:
        pass
    except E:
        def h():
            """H"""
    finally:
        def i():
            """I"""
match x:
    case 1:
        def j():
            """J"""
for x in y:
    "no docstring"
'''
    assert sorted(docstrings(source)) == list("CFGHIJM")


def test_sentences_of_two_libraries_are_dropped():
    pairs = {
        "x": [("x/a", "Return the sum of it"), ("x/b", "Draw a line here")],
        "y": [("y/a", "Return the sum of it."), ("y/b", "Close the file here")],
    }
    found = merged(pairs, {})
    assert found.texts == ("Draw a line here", "Close the file here")
    assert found.labels.tolist() == [0, 1] and found.parts == ("x/b", "y/b")


def test_digest_sees_texts_labels_and_parts():
    one = corpus()
    assert one.digest == corpus().digest
    changed = [
        Sentences(("new", *one.texts[1:]), one.labels, one.parts, {}),
        Sentences(one.texts, one.labels[::-1].copy(), one.parts, {}),
        Sentences(one.texts, one.labels, ("new", *one.parts[1:]), {}),
    ]
    assert len({one.digest, *(other.digest for other in changed)}) == 4


@pytest.mark.parametrize("seed", range(5))
def test_no_part_is_on_both_sides(seed):
    source = corpus()
    task = docstring_task(10, 9 * 6, seed=seed, corpus=source)
    part = dict(zip(source.texts, source.parts, strict=True))
    train, test = ({part[t] for t in s.texts} for s in (task.train, task.test))
    assert not train & test
    assert np.bincount(task.train.clean).tolist() == [10] * 9
    assert np.bincount(task.test.clean).tolist() == [6] * 9
    for split in (task.train, task.test):
        names = [t.split(f" {part[t][-1]} ")[0] for t in split.texts]
        assert names == [LIBRARIES[label] for label in split.clean]


def test_seed_decides():
    source = corpus()
    tasks = [docstring_task(10, 54, seed=s, corpus=source) for s in (0, 0, 1)]
    assert tasks[0].digest == tasks[1].digest != tasks[2].digest


def test_noise_is_in_both_splits():
    task = docstring_task(40, 9 * 50, noise=0.3, seed=0, corpus=corpus(20, 10))
    for split in (task.train, task.test):
        assert (split.labels != split.clean).mean() == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_class": 0}, "per_class is 0; allowed: 1 or more"),
        ({"test_size": 1000}, "test_size is 1000; allowed: a multiple of 9"),
        ({"noise": 0.9}, "noise is 0.9"),
        ({"per_class": 29}, "matplotlib has 25 sentences for the training split, 29"),
    ],
)
def test_bad_requests(arguments, message):
    arguments = {"per_class": 5, "test_size": 9, "seed": 0, **arguments}
    with pytest.raises(ValueError, match=message):
        docstring_task(**arguments, corpus=corpus())


def test_an_absent_library_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="scipy is not installed"):
        folder("scipy")


def test_real_corpus_can_be_learnt_and_is_no_give_away():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    found = docstring_sentences(progress=False)
    assert found.versions == {library: version(library) for library in LIBRARIES}
    assert min(found.counts.values()) > 600 and len(found.texts) > 15_000
    task = docstring_task(50, seed=0, corpus=found)
    assert len(task.test) == 1008
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    model.fit(task.train.texts, task.train.clean)
    assert 0.25 < model.score(task.test.texts, task.test.clean) < 0.6
