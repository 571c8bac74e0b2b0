"""The explorer: its line and its panels say what the scores say, at every extreme."""

from __future__ import annotations

import dataclasses
import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from helpers import style
from helpers.lora_dropout import scores
from helpers.lora_dropout.explorer import DropoutFamily, dropout_explorer
from helpers.lora_dropout.figures_theory import masked_update
from tests.lora_dropout import figure_frames as frames


@pytest.fixture(autouse=True)
def look():
    with mpl.rc_context():
        style.use()
        yield


@pytest.fixture(scope="module")
def family() -> DropoutFamily:
    return DropoutFamily(frames.family(seeds=2))


def of(family: DropoutFamily, p: float) -> list:
    return [one for one in family.outcomes if one.trial.p == p]


@pytest.mark.parametrize(("p", "n"), [(0.6, 1), (0.6, 3), (0.95, 8), (0.2, 8)])
def test_the_line_repeats_the_scores(family, p, n):
    _, text = family.draw(p, n)
    found = re.fullmatch(
        r"p = (.*), ensemble of (.*): training loss (.*), test loss (.*) \(mean "
        r"network (.*)\), ECE (.*) %, accuracy on true labels (.*) %; "
        r"mean of 2 seeds\.",
        text,
    )
    shown = [float(number) for number in found.groups()]
    means = scores.table(of(family, p)).query("predict == 'mean network'")
    together = [
        scores.scores(scores.ensemble(one, n), one.labels, one.clean)
        for one in of(family, p)
    ]
    ece, nll, clean = (
        np.mean([each[name] for each in together]) for name in ("ece", "nll", "clean")
    )
    train, test = means["train"].mean(), means["nll"].mean()
    expected = [p, n, train, nll, test, 100 * ece, 100 * clean]
    assert shown == pytest.approx(expected, abs=0.051)
    assert shown[3:5] == pytest.approx([nll, test], abs=6e-4)


def test_panels_show_the_gap_the_ensembles_and_a_member(family):
    p, n = 0.4, 3
    losses, _, members, update = family.draw(p, n)[0].axes
    level = family.levels[p]
    bar = losses.lines[-1]
    assert list(bar.get_ydata()) == pytest.approx([level.train, level.nll[n - 1]])
    expected = [
        np.mean([
            scores.scores(scores.ensemble(one, k), one.labels, one.clean)["nll"]
            for one in of(family, p)
        ])
        for k in range(1, 9)
    ]  # fmt: skip
    assert members.lines[1].get_ydata() == pytest.approx(expected)
    assert members.lines[2].get_xdata()[0] == n
    a, b = of(family, p)[0].factors
    part = masked_update(a, b, p, n - 1, seed=0)
    assert np.asarray(update.images[0].get_array()) == pytest.approx(np.abs(part))
    zeros = 100 * (part == 0).mean()
    title = update.get_title(loc="left")
    assert title == f"update, member 2: {zeros:.3g} % zero"


def test_plain_lora_is_one_network(family):
    figure, text = family.draw(0.0, 2)
    assert text.startswith("p = 0, plain LoRA, no masks")
    level = family.levels[0.0]
    assert level.nll == pytest.approx(np.full(8, level.test))
    a, b = of(family, 0.0)[0].factors
    assert np.asarray(figure.axes[3].images[0].get_array()) == pytest.approx(
        np.abs(b @ a)
    )
    assert figure.axes[0].lines[-1].get_color() == style.color("LoRA")


@pytest.mark.parametrize("p", frames.GRID)
@pytest.mark.parametrize("n", [1, 8])
def test_no_word_leaves_the_picture(family, p, n):
    figure, _ = family.draw(p, n)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width, height = canvas.get_width_height()
    for ax in figure.axes:
        box = ax.get_tightbbox(canvas.get_renderer())
        assert box.x0 > 0 and box.y0 > 0 and box.x1 < width and box.y1 < height
    left, right = (
        [ax.get_tightbbox(canvas.get_renderer()) for ax in figure.axes[k::2]]
        for k in (0, 1)
    )
    assert max(box.x1 for box in left) < min(box.x0 for box in right)


def test_one_seed_is_no_mean():
    _, text = DropoutFamily(frames.family(seeds=1, grid=(0.0, 0.5))).draw(0.5, 2)
    assert text.endswith("; one seed.")


def test_defaults_are_the_best_p_and_all_members(family):
    lowest = {
        p: np.mean([
            scores.scores(
                scores.ensemble(one) if p else scores.softmax(one.test),
                one.labels,
                one.clean,
            )["nll"]
            for one in of(family, p)
        ])
        for p in frames.GRID
    }  # fmt: skip
    best = min(lowest, key=lowest.get)
    assert family.draw()[1] == family.draw(best, 8)[1]


def test_outcomes_without_factors_have_no_pattern():
    bare = [
        dataclasses.replace(one, factors=())
        for one in frames.family(seeds=1, grid=(0.0, 0.5))
    ]
    figure, _ = DropoutFamily(bare).draw(0.5, 4)
    assert not figure.axes[3].axison and not figure.axes[3].images


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"p": 0.5}, "p is 0.5; allowed: 0, 0.2, 0.4, 0.6, 0.8, 0.95"),
        ({"n": 0}, "n is 0; allowed: 1 to 8"),
        ({"n": 9}, "n is 9; allowed: 1 to 8"),
    ],
)
def test_bad_choices_are_named(family, choice, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        family.draw(**choice)


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([], "no trial of LoRA + LoRA Dropout with p above 0"),
        ([frames.outcome()], "no trial of LoRA + LoRA Dropout with p above 0"),
        ([frames.outcome("AdaLoRA")], "AdaLoRA is no member of the family"),
        (
            [frames.outcome(), frames.outcome(frames.DROPOUT, 0, 0.5, classes=9)],
            "tasks opinions and docstrings are mixed",
        ),
        ([frames.outcome(frames.DROPOUT, 0, 0.5, members=0)], "p = 0.5 has no members"),
        ([frames.outcome()] * 2, "p = 0 has seed 0 twice"),
    ],
)
def test_a_family_is_checked(outcomes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        DropoutFamily(outcomes)


def test_headless_both_sliders_are_tried(monkeypatch):
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    shown: list = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    tried = []
    original = DropoutFamily.draw

    def record(self, **choice):
        tried.append(choice)
        return original(self, **choice)

    monkeypatch.setattr(DropoutFamily, "draw", record)
    dropout_explorer(DropoutFamily(frames.family(seeds=1)))
    assert {0.0, 0.95} <= {choice["p"] for choice in tried}
    assert {1, 8} <= {choice["n"] for choice in tried}
    (box,) = shown
    controls, image, status = box.children
    assert bytes(image.value).startswith(b"\x89PNG") and "role='status'" in status.value
    slider, members = controls.children
    assert slider.options[0] == ("0", 0.0) and members.max == 8
    slider.value, members.value = 0.2, 2
    assert "p = 0.2, ensemble of 2" in status.value


def test_errors_are_raised_headless(monkeypatch):
    monkeypatch.setenv("CURRICULUM_HEADLESS", "1")
    monkeypatch.setattr("IPython.display.display", lambda *_: None)
    monkeypatch.setattr(
        DropoutFamily, "_update", lambda *_: (_ for _ in ()).throw(KeyError("x"))
    )
    with pytest.raises(KeyError):
        dropout_explorer(DropoutFamily(frames.family(seeds=1, grid=(0.0, 0.5))))


def test_the_highest_loss_stays_below_the_edge(family):
    for p in (0.0, 0.95):
        for n in (1, 8):
            losses = family.draw(p, n)[0].axes[0]
            top = max(np.max(line.get_ydata()) for line in losses.lines)
            assert top <= 0.93 * losses.get_ylim()[1]


def test_a_plain_lora_that_was_masked_at_test_is_plain_lora():
    outcomes = [
        frames.outcome(mask_at_test=0.5, members=0),
        frames.outcome(frames.DROPOUT, 0, 0.5),
    ]
    assert list(DropoutFamily(outcomes).levels) == [0.0, 0.5]
