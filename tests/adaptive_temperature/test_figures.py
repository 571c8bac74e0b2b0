"""The figures: every word can be read, they show the frames, bad input is named."""

from __future__ import annotations

import warnings
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers import style
from helpers.adaptive_temperature import figures
from helpers.adaptive_temperature.figures_common import method
from helpers.adaptive_temperature.figures_losses import COLOURS
from helpers.adaptive_temperature.pass_at_k import bootstrap
from helpers.adaptive_temperature.token_classes import CLASSES
from tests.adaptive_temperature import figure_frames as frames
from tests.figure_checks import assert_legible

FEW = ("greedy", "T = 0.6", "line-word 1.0/0.2", "anti 1.0/0.2", "random 1.0/0.2")
DRAWN = {
    "temperature_curve": lambda: figures.temperature_curve(frames.temperatures()),
    "temperature_curve, bare": lambda: figures.temperature_curve(
        frames.temperatures(nucleus=False, adapt=False), [5]
    ),
    "adapt_grid": lambda: figures.adapt_grid(frames.grid()),
    "adapt_grid, small": lambda: figures.adapt_grid(
        frames.grid().query("rule == 'uniform' or (a == 1 and b == 0.2)"), 1
    ),
    "variants": lambda: figures.variants(frames.variants()),
    "variants, three": lambda: figures.variants(frames.variants(*FEW[:3]), (1, 5, 15)),
    "pass_at_k_curves": lambda: figures.pass_at_k_curves(frames.variants(), FEW),
    "pass_at_k_curves, all of three": lambda: figures.pass_at_k_curves(
        frames.variants(*FEW[:3])
    ),
    "diversity": lambda: figures.diversity(frames.variants()),
    "diversity, temperatures": lambda: figures.diversity(
        pd.DataFrame(frames.uniform()[:6]), 5
    ),
    "differences": lambda: figures.differences(frames.differences()),
    "differences, one k": lambda: figures.differences(
        frames.differences().query("k == 15"), "T = 0.6"
    ),
    "worlds": lambda: figures.worlds(frames.worlds()),
    "worlds, one": lambda: figures.worlds(frames.worlds("mid"), (1, 5)),
    "error_shift": lambda: figures.error_shift(frames.verdicts()),
    "error_shift, one": lambda: figures.error_shift(
        frames.verdicts().query("sampler == 'greedy'")
    ),
    "authors_samples": lambda: figures.authors_samples(
        frames.passes(), {"paper": 40.9, "paper, uniform T": 36.0}
    ),
    "authors_samples, ours": lambda: figures.authors_samples(
        frames.passes().assign(n=20), None, (1, 10, 20)
    ),
    "loss_by_class": lambda: figures.loss_by_class(frames.losses("class")),
    "loss_by_node": lambda: figures.loss_by_node(frames.losses("node")),
    "loss_by_position": lambda: figures.loss_by_position(frames.losses("position")),
    "loss_by_depth": lambda: figures.loss_by_depth(frames.losses("depth")),
    "loss_distributions": lambda: figures.loss_distributions(frames.token_losses()),
    "loss_distributions, two": lambda: figures.loss_distributions(
        frames.token_losses(), ["first of a block", "prose"]
    ),
}
NO_Y_LABEL = ("variants", "differences", "diversity", "error_shift", "loss_by_class",
              "loss_by_node", "loss_distributions")  # fmt: skip


@pytest.fixture(autouse=True)
def look():
    with mpl.rc_context():
        style.use()
        yield


@cache
def drawn(name: str) -> Figure:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = DRAWN[name]()
        FigureCanvasAgg(figure).draw()
    return figure


@pytest.mark.parametrize("name", DRAWN)
def test_every_word_can_be_read(name):
    """No warning, no two texts overlap, none leaves the figure, none is pale."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_legible(DRAWN[name]())


def test_every_public_figure_is_drawn_above():
    assert set(figures.__all__) == {name.split(",")[0] for name in DRAWN}


@pytest.mark.parametrize("name", DRAWN)
def test_every_axis_says_what_it_shows(name):
    axes = drawn(name).axes
    assert axes[-1].get_xlabel()
    assert name.startswith(NO_Y_LABEL) or all(ax.get_ylabel() for ax in axes)


def test_samplers_differ_in_colour():
    rows = frames.temperatures()
    kinds = {method(r.sampler, r.rule, r.top_p) for r in rows.itertuples()}
    kinds |= {method(r.sampler, r.rule) for r in frames.variants().itertuples()}
    assert len(kinds) == 12
    assert len({style.color(kind) for kind in kinds}) == len(kinds)
    assert list(COLOURS) == list(CLASSES) == list(frames.LOSSES)
    assert len(set(COLOURS.values())) == len(COLOURS)


# What the figures show is what the frames say.


def heights(ax, colour: str) -> list[list[float]]:
    """Data of the lines with this colour and more than two points."""
    return [
        list(line.get_ydata())
        for line in ax.lines
        if line.get_color() == colour and len(line.get_xdata()) > 2
    ]


def test_the_curve_joins_uniform_temperatures_in_order():
    shuffled = frames.temperatures().sample(frac=1, random_state=0)
    first, second = figures.temperature_curve(shuffled, adapt="line-word 1.0/0.2").axes
    (one,) = heights(first, style.color("uniform"))
    assert one == pytest.approx([value[0] for value in frames.UNIFORM.values()])
    (many,) = heights(second, style.color("uniform"))
    assert many == pytest.approx([value[1] for value in frames.UNIFORM.values()])
    (nucleus,) = heights(first, style.color("uniform, top-p"))
    assert nucleus[-1] == pytest.approx(0.9 + 2 * 8)
    level = shuffled.set_index("sampler").loc["line-word 1.0/0.2", "pass@15"]
    lines = [line for line in second.lines if list(line.get_xdata()) == [0, 1]]
    assert [line.get_ydata()[0] for line in lines] == pytest.approx([100 * level])


def test_adapts_best_is_shown_by_default():
    rows = frames.temperatures()
    names = rows[rows["rule"] == "line-word"].set_index("sampler")["pass@15"]
    ax = figures.temperature_curve(rows).axes[1]
    label = ax.texts[-1].get_text().replace("\n", " ")
    assert label == names.idxmax()


def test_the_grid_names_its_cells_and_the_best_uniform_temperature():
    rows = frames.grid()
    figure = figures.adapt_grid(rows)
    (ax,) = figure.axes
    at = {text.get_position(): text.get_text() for text in ax.texts}
    hot = [float(t.get_text()) for t in ax.get_xticklabels()]
    cold = [float(t.get_text()) for t in ax.get_yticklabels()]
    table = rows.set_index(["rule", "a", "b"])["pass@15"]
    for (x, y), text in at.items():
        rule = "uniform" if hot[int(x)] == cold[int(y)] else "line-word"
        value = table[rule, hot[int(x)], cold[int(y)]]
        assert text == f"{100 * value:.1f}"
    assert len(at) == (rows["rule"] == "line-word").sum() + 2  # T = .6 and .8
    assert len(ax.patches) == 2
    assert "best uniform T = 0.6, 64.3 %" in figure.get_supxlabel()
    norm = ax.images[0].norm
    assert norm(64.3) == pytest.approx(0.5) and norm(60.0) < 0.5 < norm(66.0)


def test_a_row_of_variants_is_the_score_and_its_interval():
    rows = frames.variants()
    first, ax = figures.variants(rows).axes
    names = [label.get_text() for label in first.get_yticklabels()]
    assert names == list(rows["sampler"])
    for name, line, point in zip(names, ax.lines[1::2], ax.lines[2::2], strict=True):
        row = rows.set_index("sampler").loc[name]
        ends = [100 * row["pass@15 low"], 100 * row["pass@15 high"]]
        assert list(line.get_xdata()) == pytest.approx(ends)
        assert point.get_xdata()[0] == pytest.approx(100 * row["pass@15"])
    assert ax.lines[0].get_xdata()[0] == pytest.approx(64.3)


def test_differences_are_filled_where_the_interval_lacks_zero():
    frame = frames.differences()
    for ax, (_, rows) in zip(
        figures.differences(frame).axes, frame.groupby("k"), strict=True
    ):
        drawn = {
            round(float(line.get_ydata()[0])): line
            for line in ax.lines
            if line.get_marker() == "o"
        }
        for at, row in enumerate(rows.itertuples()):
            if row.sampler == "greedy" and row.k > 1:
                assert at not in drawn
                continue
            filled = drawn[at].get_markerfacecolor() != "white"
            assert filled == (not row.low <= 0 <= row.high)
            assert drawn[at].get_xdata()[0] == pytest.approx(100 * row.difference)


def test_the_uniform_curve_of_a_world_goes_from_cold_to_hot():
    rows = frames.worlds().sample(frac=1, random_state=1)
    figure = figures.worlds(rows)
    titles = [ax.get_title(loc="left").split(":")[0] for ax in figure.axes]
    assert sorted(titles) == ["mid", "start"]
    for ax, world in zip(figure.axes, titles, strict=True):
        expected = [row[4] for name, row in frames.WORLDS[world].items()
                    if name.startswith("T")]  # fmt: skip
        assert heights(ax, style.color("uniform")) == [pytest.approx(expected)]
        names = {text.get_text() for text in ax.texts}
        assert {"0.4", "0.6", "0.8", "1.0", "1.0/0.2", "1.5/0.2"} <= names


def test_diversity_leaves_greedy_out():
    ax, valid = figures.diversity(frames.variants()).axes
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(points) == len(frames.VARIANTS) - 1
    assert style.color("greedy") not in {point.get_color() for point in points}
    shares = {round(float(line.get_xdata()[0]), 6) for line in valid.lines
              if line.get_marker() == "o"}  # fmt: skip
    assert 97.0 in shares  # anti: 3 % syntax errors


def test_bars_of_verdicts_sum_to_all_samples():
    frame = frames.verdicts()
    figure = figures.error_shift(frame)
    (ax,) = figure.axes
    ends = np.zeros(frame["sampler"].nunique())
    for bars in ax.containers:
        ends += [bar.get_width() for bar in bars]
    assert ends == pytest.approx(100)
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries[:4] == ["passes", "wrong result", "exception", "does not parse"]
    greens = [bar.get_width() for bar in ax.containers[0]]
    table = frame.pivot_table(index="sampler", columns="verdict", values="count")
    share = 100 * table["PASS"] / table.sum(axis=1)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert greens == pytest.approx(list(share[names]))


def test_the_authors_samples_are_counted():
    counts = frames.passes()
    left, right = figures.authors_samples(counts, {"paper": 40.9}).axes
    bars = [bar.get_height() for bar in left.containers[0]]
    assert bars[0] == 97 and sum(bars) == len(counts) == 164
    values = [
        100 * bootstrap(counts["n"], counts["c"], k, seed=0)["value"]
        for k in (1, 5, 10, 15)
    ]
    assert list(right.lines[0].get_ydata()) == pytest.approx(values)
    assert values[-1] == pytest.approx(100 * 67 / 164)
    assert right.lines[1].get_ydata()[0] == 40.9


def test_losses_are_those_of_the_summary():
    rows = frames.losses("node")
    ax = figures.loss_by_node(rows, most=4).axes[0]
    kept = rows.nlargest(4, "n").sort_values("mean", ascending=False)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(kept["node"])
    rows = frames.losses("position")
    (ax,) = figures.loss_by_position(rows.sample(frac=1, random_state=0)).axes
    assert list(ax.lines[0].get_ydata()) == pytest.approx(list(rows["mean"]))
    blanks = pd.concat([rows.head(1).assign(position=-1, mean=99.0), rows])
    (ax,) = figures.loss_by_position(blanks).axes
    assert list(ax.lines[0].get_ydata()) == pytest.approx(list(rows["mean"]))
    (ax,) = figures.loss_by_position(rows, last=7).axes
    assert list(ax.lines[0].get_xdata()) == list(range(8))
    rare = rows.assign(n=np.where(rows["position"] > 4, 3, rows["n"]))
    (ax,) = figures.loss_by_position(rare).axes
    assert list(ax.lines[0].get_xdata()) == [0, 1, 2, 3, 4]


def test_distributions_name_their_moments():
    from scipy.stats import kurtosis, skew

    frame = frames.token_losses()
    figure = figures.loss_distributions(frame)
    for ax, (name, rows) in zip(
        figure.axes, frame.groupby("class", sort=False), strict=True
    ):
        loss = rows["loss"]
        assert ax.texts[0].get_text() == (
            f"{name}\nmean {loss.mean():.2f}\nskew {skew(loss):.2f}, "
            f"kurt {kurtosis(loss):.2f}"
        )


EMPTY = pd.DataFrame()


@pytest.mark.parametrize(
    "draw",
    [
        lambda: figures.temperature_curve(EMPTY),
        lambda: figures.adapt_grid(EMPTY),
        lambda: figures.variants(frames.variants().iloc[:0]),
        lambda: figures.pass_at_k_curves(EMPTY, ["greedy"]),
        lambda: figures.pass_at_k_curves(frames.variants(), ["none"]),
        lambda: figures.diversity(EMPTY),
        lambda: figures.differences(EMPTY),
        lambda: figures.worlds(EMPTY),
        lambda: figures.error_shift(EMPTY),
        lambda: figures.authors_samples(EMPTY),
        lambda: figures.loss_by_class(EMPTY),
        lambda: figures.loss_by_node(EMPTY),
        lambda: figures.loss_by_position(EMPTY),
        lambda: figures.loss_by_depth(frames.losses("depth").assign(n=2)),
        lambda: figures.loss_distributions(EMPTY),
        lambda: figures.loss_distributions(frames.token_losses(), ["none"]),
    ],
)
def test_empty_frames_are_named(draw):
    with pytest.raises(ValueError, match="the frame has no rows; it needs some with"):
        draw()


def test_bad_input_is_named():
    rows = frames.variants()
    with pytest.raises(ValueError, match="worlds start, mid are mixed; allowed: one"):
        figures.variants(frames.worlds())
    with pytest.raises(ValueError, match="splits dev, test are mixed"):
        figures.variants(pd.concat([rows.assign(split="dev"), rows]))
    with pytest.raises(ValueError, match="sampler 'greedy' comes twice"):
        figures.variants(pd.concat([rows, rows]))
    with pytest.raises(ValueError, match="unknown column 'pass@7'"):
        figures.variants(rows, (7,))
    with pytest.raises(ValueError, match="no sampler of rule 'uniform'"):
        figures.variants(frames.variants("greedy", "line 1.0/0.2"))
    with pytest.raises(ValueError, match=r"did you mean 'line-word 1.0/0.2'"):
        figures.temperature_curve(rows, adapt="line-word 1.0/.2")
    with pytest.raises(ValueError, match=r"rules \['line-word', .*; name one"):
        figures.adapt_grid(rows)
    with pytest.raises(ValueError, match="unknown rule 'lines'; did you mean 'line'"):
        figures.adapt_grid(rows, rule="lines")
    with pytest.raises(ValueError, match=r"a = 0.6, b = 0.01 comes twice"):
        again = frames.grid().assign(sampler=lambda f: f["sampler"] + " again")
        figures.adapt_grid(pd.concat([frames.grid(), again], ignore_index=True))
    with pytest.raises(ValueError, match="a sampler comes twice at one k"):
        figures.differences(pd.concat([frames.differences()] * 2))
    with pytest.raises(ValueError, match="unknown verdict 'PASSED'"):
        figures.error_shift(frames.verdicts().replace("PASS", "PASSED"))
    with pytest.raises(ValueError, match="k is 30"):
        figures.authors_samples(frames.passes(), ks=(30,))
