"""DeepVisualInsight watches a trial without changing it."""

from __future__ import annotations

import numpy as np

from helpers.capstone import watching
from helpers.capstone.trial import LoraTrial
from helpers.capstone.watching import joined, recorder_of, watch_all
from helpers.training_visualization.heads import LinearHead
from tests.capstone.conftest import SMALL


def test_a_watched_training_is_the_one_of_the_job(watched, live):
    assert watched.checkpoint == live.checkpoint
    index = live.curves.trials.index(live.chosen)
    assert watched.metrics.tolist() == list(live.curves.metrics[index])


def test_the_trace_holds_what_the_classifier_sees(watched):
    trial = LoraTrial(watched.key, SMALL)
    trial.restore(watched.checkpoint)
    train, test = trial.data.train, trial.data.test
    trace = watched.trace
    assert trace.epochs == (1, 4) and trace.train.shape[:2] == (2, 32)
    assert all(isinstance(head, LinearHead) for head in trace.heads)
    for part, scores in ((train, trace.train_scores), (test, trace.test_scores)):
        said = trial.probabilities(part).argmax(axis=1)
        count = scores.shape[1]
        assert (scores[-1].argmax(axis=1) == said[:count]).mean() > 0.95
    assert (trace.y == train.labels).all()
    assert (watched.noisy == (train.labels != train.clean)).all()


def test_maps_and_film_cover_all_recorded_epochs(watched):
    assert list(watched.table["epoch"]) == [1, 4]
    assert watched.table["ppr_test"].between(0, 1).all()
    film = watched.film(("negative", "positive"))
    assert film.count == 32 + 24 and list(film.epochs) == [1, 4]
    assert film.noisy is not None and film.noisy[:32].sum() == watched.noisy.sum()
    assert {"accuracy", "clean", "nll"} <= watched.scores.keys()


def test_joined_texts_keep_their_own_tokens(watched):
    trial = LoraTrial(watched.key, SMALL)
    train, test = trial.data.train.features, trial.data.test.features
    both = joined(train, test.take(slice(5)))
    assert len(both) == 37
    for row in (0, 31):
        one, other = both.take([row]), train.take([row])
        assert np.array_equal(one.hidden.numpy(), other.hidden.numpy())
    assert np.array_equal(both.take([36]).hidden, test.take([4]).hidden)
    assert recorder_of(trial, 5).epochs == ()


def test_many_runs_are_watched_as_one_is(watched, monkeypatch):
    monkeypatch.setenv("CURRICULUM_CACHE", "off")
    setting = watched.key.setting
    run = (setting["p"], setting["rank"], watched.key.seed)
    options = {"shown": 24, "first_steps": 30, "steps": 20}
    one, two = watch_all(SMALL, [run, run], (1, 4), workers=1, **options)
    assert one is two  # made once
    assert one.checkpoint == watched.checkpoint
    assert one.table.equals(watched.table)


def test_runs_keep_their_order_and_those_of_a_seed_stay_together(monkeypatch):
    made = []
    monkeypatch.setattr(watching, "watch", lambda _, run, **__: made.append(run) or run)
    runs = [(0.5, 2, 3), (0.5, 8, 4), (0.0, 2, 3), (0.0, 8, 4)]
    assert watch_all(SMALL, runs, (1,), workers=1) == runs
    assert made == [runs[0], runs[2], runs[1], runs[3]]
