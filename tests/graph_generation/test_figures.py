"""The figures: every word can be read, they show the frames, bad input is named."""

from __future__ import annotations

import warnings
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers import style
from helpers.graph_generation import figures, published, recomputations
from helpers.graph_generation.baseline_model import BASELINES
from helpers.graph_generation.checks import ErrorKind, check
from helpers.graph_generation.figures_common import METHODS, METRICS, ordered
from helpers.graph_generation.figures_errors import ERRORS
from helpers.graph_generation.reference_lines import reference_scores
from helpers.graph_generation.tasks import RULES, preset
from tests.figure_checks import assert_legible
from tests.graph_generation import figure_frames as frames

THREE = ("cycles", "k-regular", "k-color")


def gallery(rule: str = "cycles", **options) -> Figure:
    graphs = frames.graphs(rule)
    checks = [check(preset(rule, "small"), graph) for graph in graphs]
    return figures.graph_gallery(graphs, checks, rule, **options)


def zero_shot() -> pd.DataFrame:
    return published.rules("temperature").query("method == 'zero-shot'")


def llama() -> pd.DataFrame:
    return published.rules("models").query("model == 'LLama2-13B'")


def reduced(name: str) -> pd.DataFrame:
    """A frame of the recomputations; chance levels from few graphs."""
    found = getattr(recomputations, name)
    return found(draws=100) if name == "against_chance" else found()


DRAWN = {
    "rules_by_method": lambda: figures.rules_by_method(
        frames.summary(), published.rules("methods")
    ),
    "rules_by_method, three of two, unique": lambda: figures.rules_by_method(
        frames.summary(THREE, ("zero-shot", "few-shot")), metric="unique"
    ),
    "vun": lambda: figures.vun(frames.summary(), frames.baselines()),
    "vun, one method": lambda: figures.vun(
        frames.summary(methods=("zero-shot",)), frames.baselines(), ("valid", "vun")
    ),
    "copying": lambda: figures.copying(frames.summary(), llama()),
    "copying, one method": lambda: figures.copying(
        frames.summary(THREE, ("zero-shot", "few-shot"))
    ),
    "sizes": lambda: figures.sizes(frames.sizes()),
    "sizes, all rules": lambda: figures.sizes(
        frames.sizes(RULES, ("tiny", "n = 9", "small")).assign(
            n=lambda frame: frame["size"].map({"tiny": 7, "n = 9": 9, "small": 10})
        ),
        "vun",
        held_out=["n = 9"],
    ),
    "temperature": lambda: figures.temperature(
        frames.temperatures(), paper=zero_shot()
    ),
    "temperature, one": lambda: figures.temperature(
        frames.temperatures(("wheel",)), ("valid",)
    ),
    "models": lambda: figures.models(frames.models(), published.rules("models")),
    "models, ours": lambda: figures.models(frames.models(RULES), metric="vun"),
    "why_invalid": lambda: figures.why_invalid(frames.errors(), frames.summary()),
    "constrained": lambda: figures.constrained(
        frames.errors((*THREE, "wheel"), "decoding", ("free", "grammar"))
    ),
    "distributions": lambda: figures.distributions(
        frames.distributions(), frames.references(), published.distributions()
    ),
    "distributions, one": lambda: figures.distributions(
        frames.distributions(("union",)).drop(columns="attempted"),
        frames.references(),
    ),
    "slopes": lambda: figures.slopes(frames.slopes(), recomputations.slopes()),
    "slopes, stated": lambda: figures.slopes(
        frames.slopes().query("quantity == 'p_pred'")
    ),
    "estimation_errors": lambda: figures.estimation_errors(
        frames.estimation_errors(),
        reference_scores(frames.references()),
        recomputations.slopes(),
    ),
    "molecule_shares": lambda: figures.molecule_shares(frames.molecules()),
    "molecule_shares, one": lambda: figures.molecule_shares(
        frames.molecules(("polar",))
    ),
    "confusion": lambda: figures.confusion(frames.confusions()),
    "rectification_check": lambda: figures.rectification_check(frames.rectification()),
    "graph_gallery": gallery,
    "graph_gallery, planar": lambda: gallery("planar", notes=["copy"] * 10),
    "valid_against_chance": lambda: figures.valid_against_chance(
        reduced("against_chance")
    ),
    "size_steps": lambda: figures.size_steps(reduced("size_steps")),
    "own_graphs": lambda: figures.own_graphs(reduced("copying")),
}
"""One entry per figure function at least, named by it up to a comma."""


@pytest.fixture(autouse=True)
def look():
    with mpl.rc_context():
        style.use()
        yield


@cache
def drawn(name: str) -> Figure:
    with mpl.rc_context(), warnings.catch_warnings():
        style.use()
        warnings.simplefilter("error")
        figure = DRAWN[name]()
        FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_can_be_read(name):
    """No warning, no two texts overlap, none leaves the figure, none is pale."""
    assert_legible(drawn(name))


def test_every_public_figure_is_drawn_above():
    names = {name.split(",")[0] for name in DRAWN}
    assert names | {"molecule_grid"} == set(figures.__all__)


@pytest.mark.parametrize("name", [n for n in DRAWN if not n.startswith("graph_g")])
def test_the_figure_says_what_x_is(name):
    figure = drawn(name)
    labels = [ax.get_xlabel() for ax in figure.axes] + [figure.get_supxlabel()]
    assert any(labels)


def test_methods_metrics_and_errors_differ_in_colour():
    assert len({style.color(name) for name in METHODS}) == len(METHODS)
    assert len({colour for _, colour in METRICS.values()}) == len(METRICS)
    assert list(ERRORS) == list(ErrorKind)
    assert len({colour for _, colour in ERRORS.values()}) == len(ERRORS)
    assert ordered(["few-shot", "x", "zero-shot"], list(METHODS))[-1] == "x"


# What the figures show is what the frames say.


def dots(ax, marker: str = "o") -> list[tuple[float, float]]:
    """Single marks of a panel, in the order drawn."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
        for line in ax.lines
        if line.get_marker() == marker and len(line.get_xdata()) == 1
    ]


def panel(figure: Figure, title: str):
    return next(ax for ax in figure.axes if ax.get_title("left") == title)


def test_a_panel_holds_its_rules_values_the_papers_and_chance():
    ax = panel(drawn("rules_by_method"), "wheel")
    assert [x for x, _ in dots(ax)] == list(frames.VALID["wheel"])
    assert [y for _, y in dots(ax)] == [0, 1, 2, 3]
    assert sorted(dots(ax, "D"), key=lambda mark: mark[1]) == [
        (13.0, 0), (88.8, 1), (92.3, 2), (90.7, 3)
    ]  # fmt: skip
    planar = panel(drawn("rules_by_method"), "planar")
    levels = [line.get_xdata()[0] for line in planar.lines if line.get_ls() == ":"]
    assert levels == [frames.CHANCE["planar"]]


def test_baselines_stand_below_the_methods_with_a_dot_a_rule():
    ax = panel(drawn("vun"), "V·U·N")
    groups = [line for line in ax.lines if line.get_marker() == "o"]
    means = [x for x, _ in dots(ax, "|")]
    assert len(groups) == len(METHODS) - 1 + len(BASELINES) == len(means)
    table = frames.baselines().set_index(["model", "rule"])["vun"]
    for row, name in zip(groups[-len(BASELINES) :], BASELINES, strict=True):
        assert list(row.get_xdata()) == list(table[name])
    names = [label.get_text() for label in drawn("vun").axes[0].get_yticklabels()]
    assert names[-len(BASELINES) :] == list(BASELINES)


def test_bars_show_how_far_chance_would_reach():
    ax = panel(drawn("why_invalid"), "planar")
    levels = [line.get_xdata()[0] for line in ax.lines if line.get_ls() == ":"]
    assert levels == [frames.CHANCE["planar"]]
    texts = [text.get_text() for text in drawn("why_invalid").legends[0].get_texts()]
    assert texts[-1] == "valid by chance"


def test_copies_lie_on_the_diagonal():
    ax = panel(drawn("copying"), "few-shot")
    marks = {(round(x, 1), y) for x, y in dots(ax, "D")}
    assert marks == {(29.6, 31.1), (17.2, 17.2), (7.4, 13.0)}
    ours = frames.summary().query("method == 'few-shot'")
    assert dots(ax) == list(zip(100 - ours["novel"], ours["valid"], strict=True))
    with pytest.raises(ValueError, match="no method with examples"):
        figures.copying(frames.summary(methods=("zero-shot",)))


def test_sizes_are_in_order_of_their_nodes():
    shuffled = frames.sizes(THREE, ("small", "n = 9", "tiny")).assign(
        n=lambda frame: frame["size"].map({"tiny": 7, "n = 9": 9, "small": 10})
    )
    figure = figures.sizes(shuffled, held_out=["n = 9"])
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks == ["tiny", "n = 9*", "small"]
    assert drawn("sizes").axes[0].get_xlabel() == "size"


def test_bars_add_up_to_all_graphs():
    errors = frames.errors(THREE)
    figure = figures.why_invalid(errors)
    ax = panel(figure, "k-color")
    ends = {}
    for bar in ax.patches:
        row = round(bar.get_y() + bar.get_height() / 2)
        ends.setdefault(row, []).append((bar.get_x(), bar.get_width()))
    for row, method in enumerate(frames.METHODS):
        background, *parts = ends[row]
        part = errors[(errors["rule"] == "k-color") & (errors["method"] == method)]
        assert background == (0, 100)
        assert parts[0][0] == pytest.approx(100 - part["share"].sum())
        assert [w for _, w in parts] == pytest.approx(list(part["share"]))
        assert parts[-1][0] + parts[-1][1] == pytest.approx(100)


def test_all_valid_is_a_whole_bar_without_errors():
    errors = frames.errors(("cycles",)).assign(share=0.0)
    (ax,) = figures.why_invalid(errors).axes
    assert [bar.get_width() for bar in ax.patches] == [100] * 4
    assert ax.figure.legends[0].get_texts()[0].get_text() == "valid"
    assert len(ax.figure.legends[0].get_texts()) == 1


def test_reference_lines_are_those_of_the_frame():
    figure = drawn("distributions")
    lines = frames.references().set_index(["distribution", "line", "p"]).sort_index()
    stated, made = panel(figure, "motif"), figure.axes[5]
    for ax, quantity, names in (
        (stated, "p_pred", ("constant", "counter")),
        (made, "p_gen", ("chance", "plug-in")),
    ):
        for line, name in zip(ax.lines, names, strict=False):
            expected = lines.loc[("motif", name)][quantity]
            assert list(line.get_ydata()) == pytest.approx(list(expected))
    assert made.lines[0].get_ydata()[0] == pytest.approx(100 / 3)


def test_molecules_are_drawn_and_what_is_none_says_so():
    drawing = figures.molecule_grid(["CCO", None, "C1CC", "c1ccccc1"], list("abcd"), 2)
    page = BeautifulSoup(drawing.data, "html.parser")
    texts = [text.get_text() for text in page.find_all("text")]
    assert texts == ["b no molecule", "c no molecule"]
    assert page.svg["width"] == "300px" and page.svg["height"] == "240px"
    background = page.find("rect")
    assert "FFFFFF" in str(background).upper()
    assert len(page.find_all("path")) > 10
    with pytest.raises(ValueError, match="2 molecules and 1 labels"):
        figures.molecule_grid(["C", "CC"], ["a"])


def test_corrected_shares_sit_in_their_prompts_row():
    (ax,) = drawn("molecule_shares, one").axes
    truth = [mark for mark in dots(ax, "|")]
    rows = frames.molecules(("polar",)).query("scope != 'unseen'")
    assert [x for x, _ in truth] == list(rows["truth"])
    assert [round(y) for _, y in truth] == [
        frames.PROMPTS.index(name) for name in rows["prompt"]
    ]


def test_confusion_shows_shares_of_each_truth():
    figure = drawn("confusion")
    texts = [text.get_text() for text in panel(figure, "paper, HIV").texts]
    assert texts == ["56.1 %\n810", "43.9 %\n633", "10.4 %\n4,145", "89.6 %\n35,539"]


# Bad input is named.

GOOD = frames.summary(THREE)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: figures.rules_by_method(GOOD, metric="vallid"),
            "did you mean 'valid'",
        ),
        (
            lambda: figures.rules_by_method(GOOD.rename(columns={"rule": "rules"})),
            "did you mean 'rules'",
        ),
        (lambda: figures.rules_by_method(GOOD.iloc[:0]), "no rows"),
        (
            lambda: figures.vun(frames.sizes(), frames.baselines()),
            "comes twice; allowed: once; select one of each: size",
        ),
        (lambda: figures.temperature(GOOD), "select one of each: method"),
        (
            lambda: figures.temperature(
                frames.temperatures(), paper=published.rules("temperature")
            ),
            "select one of each: method",
        ),
        (
            lambda: figures.why_invalid(frames.errors().assign(error="formatt")),
            "unknown error 'formatt'",
        ),
        (
            lambda: figures.why_invalid(frames.errors().assign(share=50.0)),
            "add up to 350.0 %; allowed: 100",
        ),
        (lambda: figures.constrained(frames.errors()), "'decoding'"),
        (
            lambda: figures.slopes(frames.slopes().assign(quantity="p_pre")),
            "comes twice",
        ),
        (
            lambda: figures.slopes(
                frames.slopes().query("quantity == 'p_pred'").assign(quantity="p_pre")
            ),
            "did you mean 'p_pred'",
        ),
        (lambda: figures.confusion({}), "no confusion matrix"),
        (lambda: figures.molecule_grid([]), "at least one molecule"),
        (lambda: figures.graph_gallery([], []), "at least one graph"),
        (lambda: gallery(notes=["x"]), "10 graphs, 10 checks, 1 notes"),
    ],
)
def test_bad_input_is_named(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()


def test_values_that_are_missing_leave_no_mark():
    rows = frames.summary(("cycles",))
    rows.loc[0, ["valid", "valid_low", "valid_high"]] = np.nan
    (ax,) = figures.rules_by_method(rows).axes
    assert sum(np.isfinite(x) for x, _ in dots(ax)) == 3
