"""Viewer, explorer and film strip without a browser."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pytest
import traitlets
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib import image
from matplotlib.figure import Figure

from helpers.self_assembly.assembly import Assembly, assemble
from helpers.self_assembly.config import AssemblyConfig
from helpers.self_assembly.explorer import WIDTHS, assembly_explorer, picture_ink
from helpers.self_assembly.film import cell_states, film_strip, snapshot_steps
from helpers.self_assembly.inspection import Inspection
from helpers.self_assembly.light_field import direct_field
from helpers.self_assembly.shapes import named_shape
from helpers.self_assembly.trace import Trace
from helpers.self_assembly.viewer import (
    AssemblyViewer,
    decode_positions,
    encode_positions,
    quantise_light,
)


@pytest.fixture(scope="module")
def run() -> Trace:
    return assemble(named_shape("star", 25), seed=3)


class Wire:
    """Stands in for the browser: talks to a widget, keeps what it sends."""

    def __init__(self, widget: AssemblyViewer) -> None:
        self.widget = widget
        self.sent: list[tuple[dict[str, Any], list[bytes]]] = []
        widget.send = self._send  # type: ignore[method-assign]

    def _send(self, content: dict[str, Any], buffers: Any = None) -> None:
        json.dumps(content)  # what JSON cannot carry never reaches the browser
        self.sent.append((content, list(buffers or [])))

    def say(self, kind: str, buffers: Any = (), **content: Any) -> None:
        self.widget._receive(None, {"type": kind, **content}, buffers)

    def last(self, kind: str) -> tuple[dict[str, Any], list[bytes]]:
        return [entry for entry in self.sent if entry[0]["type"] == kind][-1]


# ------------------------------------------------------------------- encodings


@given(
    st.lists(
        hnp.arrays(np.int32, st.tuples(st.integers(0, 6), st.just(2)),
                   elements=st.integers(0, 2000)),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_positions_survive_the_wire(states: list[np.ndarray]) -> None:
    agents = max(len(s) for s in states)
    if agents == 0:
        assert zlib.decompress(encode_positions(states)) == b""
        return
    frames = decode_positions(encode_positions(states), agents)
    for frame, state in zip(frames, states, strict=True):
        assert np.array_equal(frame[: len(state)], state)
        assert (frame[len(state) :] == -1).all()


def test_a_run_is_sent_small(run: Trace) -> None:
    raw = 4 * run.n_agents * len(run.positions)
    assert len(encode_positions(run.positions)) < raw / 3


@given(hnp.arrays(float, (4, 5), elements=st.floats(1e-3, 1e6)))
def test_light_levels_keep_the_order(light: np.ndarray) -> None:
    levels, (low, high) = quantise_light(light)
    assert (low, high) == (light.min(), light.max())
    order = np.argsort(light, axis=None, kind="stable")
    assert (np.diff(levels.ravel()[order].astype(int)) >= 0).all()
    if high > low:
        assert levels.min() == 0 and levels.max() == 255
        back = low * (high / low) ** (levels / 255)
        step = (high / low) ** (0.5 / 255)
        assert (np.abs(np.log(back / light)) <= np.log(step) + 1e-9).all()


def test_darkness_is_level_zero() -> None:
    levels, ends = quantise_light(np.zeros((3, 3)))
    assert not levels.any() and ends == (0.0, 0.0)


# ------------------------------------------------------- phases, light, lists


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"omega": 0.5},
        {"phase_rule": "count", "switch_count": 20},
        {"phase_rule": "feedback"},
        {"phase_rule": "annealing-log"},
        {"repair": "geodesic", "patience": 3},
        {"refresh": 3},
        {"repair": "geodesic", "patience": 3, "refresh": 2},
    ],
)
def test_replay_agrees_with_the_engine(options: dict[str, Any]) -> None:
    config = AssemblyConfig.from_options(max_steps=60, **options)
    crowd = Assembly(named_shape("comb", 25), config=config, seed=1)
    phases, fields, lists = [], [], []
    for _ in range(60):
        phases.append("repair" if crowd.repairing else crowd.phase)
        fields.append((crowd.blue, crowd.red))
        rule = "early" if crowd.phase == "mixed" else crowd.phase
        lists.append(crowd.priority_list(7, rule))
        crowd.step()
    trace = crowd.trace
    seen = Inspection(trace, config)
    assert seen.phases[:60] == phases
    if "repair" in options:
        assert "repair" in phases
    for frame in (0, 1, 5, 20, 41, 59):
        for ours, theirs in zip(seen.fields(frame), fields[frame], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)
        rows = seen.describe(7, frame)["rows"]
        good = [(r["row"], r["col"]) for r in rows if r["rank"]]
        assert good == list(lists[frame].good)
        less = [(r["row"], r["col"]) for r in rows if r["note"] == "if exploring"]
        after = tuple(trace.positions[frame + 1][7])
        assert set(less) | {after} >= set(lists[frame].less_good)
        chosen = [(r["row"], r["col"]) for r in rows if r["chosen"]]
        assert chosen == [after]


def test_light_is_the_sum_over_the_sources(run: Trace) -> None:
    viewer = AssemblyViewer(run)
    for frame in (0, run.steps // 2, run.steps):
        states = cell_states(run.target, run.positions[frame])
        blue, red = viewer.light(frame)
        np.testing.assert_allclose(blue, direct_field(states == 1), rtol=1e-5)
        np.testing.assert_allclose(red, direct_field(states == 3), rtol=1e-5)


def test_outcome_tells_what_happened(run: Trace) -> None:
    viewer = AssemblyViewer(run)
    outcomes = set()
    for frame in range(0, run.steps, 5):
        for agent in range(0, run.n_agents, 7):
            told = viewer.inspect(agent, frame)
            here, after = (run.positions[f][agent] for f in (frame, frame + 1))
            assert told["outcome"].startswith("Stays") == np.array_equal(here, after)
            outcomes.add(told["outcome"].split()[0])
    assert {"Stays:", "Moves"} <= outcomes
    assert viewer.inspect(0, run.steps)["outcome"] == "The run ends here."


@pytest.mark.parametrize(
    ("reading", "lost"),
    [("engine", "taken"), ("release", "taken, or given up with probability γ = 0.9")],
)
def test_a_cell_not_entered_was_taken_or_given_up(reading: str, lost: str) -> None:
    config = AssemblyConfig.from_options(gamma=0.9, gamma_reading=reading, max_steps=8)
    trace = Assembly(named_shape("star", 24), config=config, seed=0).run()
    seen = Inspection(trace, config)
    outcomes = {seen.describe(k, 7)["outcome"] for k in range(trace.n_agents)}
    assert f"Stays: every cell of its list was {lost}." in outcomes


# ---------------------------------------------------------------------- viewer


def test_nothing_is_encoded_without_a_front_end(run: Trace) -> None:
    viewer = AssemblyViewer(run)
    assert viewer.frames == b"" and viewer.rows == 0


def test_the_front_end_gets_the_run(run: Trace) -> None:
    viewer = AssemblyViewer(run, speed=3)
    wire = Wire(viewer)
    before = viewer.trace_id
    wire.say("ready")
    assert viewer.trace_id > before
    frames = decode_positions(viewer.frames, viewer.agents)
    assert np.array_equal(frames, np.stack(run.positions))
    assert (viewer.rows, viewer.cols) == run.target.shape
    assert viewer.empty == run.unoccupied and viewer.moved == run.moved
    assert viewer.phases[0] == "early" and viewer.phases[-1] == "late"
    assert viewer.completed


def test_light_and_lists_on_demand(run: Trace) -> None:
    viewer = AssemblyViewer(run)
    wire = Wire(viewer)
    wire.say("ready")
    wire.say("light", frames=[2, 4])
    message, buffers = wire.last("light")
    assert message["frames"] == [2, 4] and len(buffers) == 2
    blue = quantise_light(viewer.light(4)[0])[0]
    sent = np.frombuffer(zlib.decompress(buffers[1]), np.uint8)
    assert np.array_equal(sent.reshape(2, *run.target.shape)[0], blue)
    wire.say("agent", agent=5, frame=3)
    message, _ = wire.last("agent")
    assert message["agent"] == 5 and message["rows"]


def test_given_light_is_used(run: Trace) -> None:
    maps = [np.full(run.target.shape, float(k)) for k in range(len(run.positions))]
    viewer = AssemblyViewer(run, blue=maps, red=maps)
    assert viewer.light(4)[0][0, 0] == 4


def test_other_methods_have_no_lists(run: Trace) -> None:
    other = Trace(run.target, run.positions, run.unoccupied, run.moved, method="HUN")
    viewer = AssemblyViewer(other)
    Wire(viewer).say("ready")
    assert viewer.phases == []
    told = viewer.inspect(0, 0)
    assert told["rows"] == [] and "HUN has no priority lists" in told["summary"]


def test_agents_may_come_and_go() -> None:
    crowd = Assembly(named_shape("disc", 25), seed=0)
    crowd.run(5)
    crowd.remove_agents(0.3)
    trace = crowd.run()
    viewer = AssemblyViewer(trace)
    Wire(viewer).say("ready")
    assert viewer.agents == max(len(p) for p in trace.positions)
    with pytest.raises(ValueError, match="agent must be 0 to"):
        viewer.inspect(viewer.agents - 1, trace.steps)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda r: AssemblyViewer(
                Trace(r.target, r.positions[:2], r.unoccupied, r.moved)
            ),
            "record=True",
        ),
        (lambda r: AssemblyViewer(r, blue=[r.target]), "both light maps"),
        (lambda r: AssemblyViewer(r, [r.target], [r.target]), "holds 1 maps"),
        (lambda r: AssemblyViewer(r).inspect(0, 10_000), "frame must be 0 to"),
        (lambda r: AssemblyViewer(r).inspect(-1, 0), "agent must be 0 to"),
        (lambda r: AssemblyViewer(r, speed=11), "speed"),
        (lambda r: AssemblyViewer(r, heat="green"), "heat"),
    ],
)
def test_bad_input(run: Trace, call: Any, message: str) -> None:
    with pytest.raises((ValueError, traitlets.TraitError), match=message):
        call(run)


# -------------------------------------------------------------------- explorer


def test_construction_runs_nothing() -> None:
    explorer = assembly_explorer(25)
    assert explorer.trace is None


def test_run_gives_what_the_engine_gives() -> None:
    explorer = assembly_explorer(25, "hexagon", gamma=0.3, seed=4)
    trace = explorer.run()
    same = assemble(named_shape("hexagon", 25), seed=4, gamma=0.3, max_steps=400)
    assert np.array_equal(trace.positions[-1], same.positions[-1])
    assert explorer.trace is trace and not explorer.busy


def test_text_and_drawing_and_other_grid() -> None:
    explorer = assembly_explorer(40)
    explorer.source, explorer.text = "text", "ALF"
    assert explorer.target().sum() > 50
    mask = np.zeros((40, 40), np.uint8)
    mask[10:20, 5:35] = 1
    explorer.source = "drawn"
    explorer.picture, explorer.picture_shape = mask.tobytes(), [40, 40]
    assert np.array_equal(explorer.target(), mask.astype(bool))
    explorer.width = 80
    doubled = explorer.target()
    assert np.array_equal(doubled, np.kron(mask, np.ones((2, 2))).astype(bool))


@pytest.mark.parametrize("inverted", [False, True])
def test_picture_becomes_its_shape(inverted: bool) -> None:
    y, x = np.mgrid[:120, :160]
    disc = np.hypot(y - 50, x - 70) < 30
    grey = np.where(disc, 60, 220).astype(np.uint8)
    grey += np.random.default_rng(0).integers(0, 9, grey.shape).astype(np.uint8)
    grey = 255 - grey if inverted else grey
    assert np.array_equal(picture_ink(grey), disc[disc.any(1)][:, disc.any(0)])
    explorer = assembly_explorer(40)
    explorer.source = "picture"
    explorer.picture, explorer.picture_shape = grey.tobytes(), list(grey.shape)
    # Half-area rule: the cropped picture is 40 / sqrt(2) cells wide.
    assert explorer.target().sum() == pytest.approx(np.pi / 4 * 40**2 / 2, rel=0.05)


@pytest.mark.parametrize("drawn_on", WIDTHS)
def test_a_drawing_up_to_the_border_fits_every_grid(drawn_on: int) -> None:
    explorer = assembly_explorer(40, shape="square")
    explorer.source = "drawn"
    mask = np.ones((drawn_on, drawn_on), np.uint8)
    explorer.picture, explorer.picture_shape = mask.tobytes(), [drawn_on, drawn_on]
    for width in WIDTHS:
        explorer.width = width
        assert explorer.target().all()


def test_a_missing_drawing_and_a_missing_picture_are_told_apart() -> None:
    explorer = assembly_explorer(40)
    explorer.source = "drawn"
    with pytest.raises(ValueError, match="paint at least one cell"):
        explorer.target()
    explorer.source = "picture"
    with pytest.raises(ValueError, match="no picture yet: upload one"):
        explorer.target()
    black = np.zeros((40, 40), np.uint8)
    explorer.picture, explorer.picture_shape = black.tobytes(), [40, 40]
    with pytest.raises(ValueError, match="the picture has one grey only"):
        explorer.target()


def test_morph_starts_from_the_screen() -> None:
    explorer = assembly_explorer(25, "star")
    first = explorer.run()
    explorer.frame = 6
    explorer.morph, explorer.shape = True, "letter-L"
    second = explorer.run()
    assert np.array_equal(second.positions[0], first.positions[6])
    explorer.width = 40
    with pytest.raises(ValueError, match="morph needs the grid"):
        explorer.run()
    assert not explorer.busy


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": "hexagn"}, "hexagon"),
        ({"width": 3}, "width"),
        ({"gamma": 1.5}, "gamma"),
        ({"omga": 0.1}, "omega"),
    ],
)
def test_explorer_rejects(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        assembly_explorer(**options)


def test_browser_errors_are_one_line_and_headless_ones_raise() -> None:
    explorer = assembly_explorer(25)
    wire = Wire(explorer)
    wire.say("ready")
    assert explorer.trace is not None and explorer.error == ""
    wire.say("run", changes={"source": "text", "text": " "})
    assert explorer.error == "type a text to form"
    assert wire.sent[-1][0] == {"type": "ran"} and not explorer.busy
    with pytest.raises(ValueError, match="type a text"):
        explorer.run()
    wire.say("run", changes={"source": "named", "shape": "disc"})
    assert explorer.error == ""
    full = np.ones(625, np.uint8)
    wire.say("run", [full], changes={"source": "drawn", "picture_shape": [25, 25]})
    assert explorer.error and "\n" not in explorer.error
    wire.say("run", changes={"gamma": 7, "source": "named"})
    assert "gamma" in explorer.error


def test_unexpected_errors_are_shown_and_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any, **__: Any) -> Trace:
        raise RuntimeError("out of light")

    explorer = assembly_explorer(25)
    wire = Wire(explorer)
    monkeypatch.setattr(Assembly, "run", broken)
    with pytest.raises(RuntimeError):
        wire.say("ready")
    assert explorer.error == "RuntimeError: out of light"


# ------------------------------------------------------------------ film strip


def test_snapshots_span_the_run(run: Trace) -> None:
    steps = snapshot_steps(run, 5)
    assert steps[0] == 0 and steps[-1] == run.steps and len(steps) == 5
    assert steps == sorted(set(steps))
    with pytest.raises(ValueError, match="at least 2"):
        snapshot_steps(run, 1)


def test_cell_states_count(run: Trace) -> None:
    for positions, empty in zip(run.positions, run.unoccupied, strict=True):
        states = cell_states(run.target, positions)
        assert (states == 1).sum() == empty
        assert (states >= 2).sum() == run.n_agents


def test_film_strip_draws_every_panel(run: Trace, tmp_path: Any) -> None:
    viewer = AssemblyViewer(run)
    steps = [0, 5, run.steps]
    lights = [viewer.light(step) for step in steps]
    blue, red = ([light[i] for light in lights] for i in (0, 1))
    figure = film_strip(run, steps, blue=blue, red=red)
    assert isinstance(figure, Figure) and len(figure.axes) == 9
    figure.savefig(tmp_path / "film.png")
    pixels = image.imread(tmp_path / "film.png")
    colours = {tuple(c) for c in np.round(255 * pixels[::2, ::2, :3]).reshape(-1, 3)}
    assert {(0, 114, 178), (230, 159, 0), (212, 215, 219)} <= colours
    with pytest.raises(ValueError, match="maps for 3 drawn"):
        film_strip(run, steps, blue=blue[:1])
    with pytest.raises(ValueError, match="outside 0 to"):
        film_strip(run, [run.steps + 1])


def test_unrecorded_runs_show_their_ends() -> None:
    trace = assemble(named_shape("disc", 25), seed=0, record=False)
    titles = [axis.get_title() for axis in film_strip(trace).axes]
    assert titles[-1].startswith(f"step {trace.steps}:")
    with pytest.raises(ValueError, match="record=True"):
        film_strip(trace, [1])


def test_viewing_needs_no_torch() -> None:
    code = "import sys, helpers.self_assembly.viewer; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
