"""The capstone's figures are legible, and show what they say."""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers import style
from helpers.capstone import figures
from helpers.capstone.jobs import bill_jobs
from tests.figure_checks import assert_legible


@pytest.fixture(autouse=True)
def _the_notebooks_style():
    with mpl.rc_context():
        style.use()
        yield


@pytest.fixture(scope="module")
def frame(live, plan):
    return bill_jobs([plan, plan], {plan.seed: live.curves})


def test_curves_and_bills_are_legible(live, frame):
    assert_legible(figures.curves(live))
    assert_legible(figures.bills(frame))


def test_wrong_labels_are_legible(watched):
    rows = [watched.table.assign(seed=s, says_noisy=[0.2, 0.7]) for s in range(3)]
    tables = {figures.LORA: pd.concat(rows), figures.DROPOUT: pd.concat(rows)}
    tables[figures.DROPOUT] = tables[figures.DROPOUT].assign(says_noisy=0.3, ppr=0.8)
    assert_legible(figures.wrong_labels(tables))


def test_the_picture_names_every_setting_once(live, frame, watched):
    film = watched.film(("negative", "positive"))
    figure = figures.composed(live, frame, film, film, "p = 0.5, rank 2")
    FigureCanvasAgg(figure).draw()
    assert_legible(figure, highest=600)
    axes = [ax for part in figure.subfigs for ax in part.axes]
    assert [ax.get_title("left") or ax.get_title() for ax in axes[:1]] == [
        "Trainings …"
    ]
    rows = [label.get_text().lstrip("★ ") for label in axes[1].get_yticklabels()]
    assert sorted(rows) == ["p = 0, r 2", "p = 0.5, r 2"]


def test_plain_lora_has_its_own_colour_and_every_p_another():
    found = figures.colours_of([0.0, 0.3, 0.6, 0.0])
    assert found[0.0] != found[0.3] != found[0.6]
    assert len(set(figures.colours_of([0.0, 0.2, 0.4, 0.6, 0.8]).values())) == 5
