"""Sweeps without a kernel: cells, validation, resume, retry, table, figure, page."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from helpers import paths
from helpers.claims import Claim
from helpers.curriculum import cli_sweep, sweep_figure, sweep_report
from helpers.curriculum.jobs import Job
from helpers.curriculum.results import Failure, RunResult
from helpers.curriculum.sweep_grid import Sweep, make_sweep
from helpers.curriculum.sweep_report import summary, write_sweep
from helpers.curriculum.sweep_run import SweepRun, run_sweep
from helpers.curriculum.sweep_status import SweepStatus
from helpers.curriculum.sweep_table import save_table, table
from helpers.parameters import ParameterError
from helpers.scales import find_spec

PARAMETERS = """\
scale: str = "smoke"  # how large
seed: int = 3  # first seed
gamma: float = 0.5  # share of early agents
rule: Literal["strict", "lazy", "a,b"] = "strict"  # who moves first
ranks: list[int] | None = None  # widths
side: int | None = None  # cells per side
"""
GRID = ["gamma=0.1,0.2,0.9", "rule=strict,lazy"]


@pytest.fixture
def spec(project: Any) -> Any:
    project.add("01_light", "x = 1", parameters=PARAMETERS)
    return find_spec("01")


def claim(id: str, value: float | None) -> Claim:
    return Claim(
        id=id,
        statement=f"The statement of {id}.",
        value=value,
        low=value,
        high=value,
        unit="steps",
        paper=1.0,
        paper_status="printed",
        ref="Table 1",
        expected="≥ 1",
        null=[0.0],
        verdict="reproduced" if value else "not testable at this scale",
    )


def result_of(job: Job, status: str = "passed") -> RunResult:
    """What a run of ``job`` would leave; its value tells which job it was."""
    given = job.resolved
    value = 10 * given["gamma"] + 100 * (given["rule"] == "lazy") + given["seed"] / 1000
    return RunResult(
        notebook=job.name,
        title=job.spec.title,
        scale=job.scale,
        key=job.key,
        parameters=given,
        status=status,  # type: ignore[arg-type]
        seconds=2.0,
        budget_seconds=60,
        peak_memory_mib=100,
        budget_memory_mib=2000,
        started="2026-01-02T03:04:05+00:00",
        commit="0" * 40,
        versions={"python": "3.11"},
        hardware={"cores": "2"},
        executed=job.executed.name,
        failure=None if status == "passed" else Failure(message="ValueError: <no>"),
        claims=[claim("steps", value), claim("open", None)],
    )


@dataclass
class Fake:
    """An executor whose runs take no time; some fail, and one may end the process."""

    fails: Callable[[Job, int], bool] = lambda job, time: False
    crash_after: int | None = None
    stop_after: int | None = None
    ran: list[Job] = field(default_factory=list)

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None: ...

    def run(
        self, jobs: Sequence[Job], tell: Any, interrupted: Callable[[], bool]
    ) -> Iterator[tuple[Job, RunResult]]:
        for job in jobs:
            if len(self.ran) == self.crash_after:
                raise KeyboardInterrupt
            self.ran.append(job)
            tell(1, "")
            times = sum(done == job for done in self.ran)
            status = "failed" if self.fails(job, times) else "passed"
            job.folder.mkdir(parents=True, exist_ok=True)
            job.executed.write_bytes(job.spec.path.read_bytes())
            if len(self.ran) == self.stop_after:
                yield job, result_of(job, "interrupted")
                return
            yield job, result_of(job, status)


def sweep(spec: Any, seeds: int = 2, *more: str) -> Sweep:
    return make_sweep(spec, "smoke", [*GRID, *more], seeds)


# Cells


def test_every_combination_with_seeds_of_its_own(spec: Any) -> None:
    made = make_sweep(spec, "smoke", GRID, 2, ["side=7"])
    given = [dict(cell.job.overrides) for cell in made.cells]
    assert given == [
        {"side": 7, "seed": seed, "gamma": gamma, "rule": rule}
        for gamma in (0.1, 0.2, 0.9)
        for rule in ("strict", "lazy")
        for seed in (3, 5)  # the table's two seeds begin here
    ]
    assert [cell.repetition for cell in made.cells] == [0, 1] * 6
    assert len({cell.job.folder for cell in made.cells}) == 12
    assert len({cell.job.key for cell in made.cells}) == 12


def test_keys_are_those_of_single_runs(spec: Any) -> None:
    from helpers.curriculum.jobs import make_job

    cell = sweep(spec).cells[3]
    assert cell.job.key == make_job(spec, "smoke", cell.job.overrides).key


def test_sweeps_share_the_cells_they_have_in_common(spec: Any) -> None:
    small = make_sweep(spec, "smoke", ["gamma=0.1,0.2"])
    large = make_sweep(spec, "smoke", ["gamma=0.2,0.3,0.1"], 2)
    assert small.folder != large.folder
    homes = {cell.job.folder for cell in large.cells}
    assert {cell.job.folder for cell in small.cells} < homes
    assert small.folder == make_sweep(spec, "smoke", ["gamma=0.1,0.2"]).folder


def test_values_with_commas_lists_and_none(spec: Any) -> None:
    made = make_sweep(
        spec, "smoke", ["rule='a,b',lazy", "ranks=[2,4],8,none", "side=1e1"]
    )
    assert made.grid == {
        "rule": ["a,b", "lazy"],
        "ranks": [[2, 4], [8], None],
        "side": [10],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gama=0.1"], "did you mean 'gamma'?"),
        (["gamma=0.1,2"], "less than or equal to 1"),
        (["gamma=0.1,much"], "valid number"),
        (["rule=strict,lasy"], "did you mean 'lazy'?"),
        (["side=1,2.5"], "parameter 'side'"),
        (["gamma"], "not of the form name=value,value,..."),
        (["gamma="], "not of the form name=value,value,..."),
        (["gamma=0.1,,0.2"], "a value is missing"),
        (["gamma=0.1,0.10"], "the value 0.1 stands twice"),
        (["gamma=0.1", "gamma=0.2"], "stands twice in the grid"),
        (["scale=smoke,default"], "--scale"),
        (["seed=1,2"], "--grid seed=... or --seeds"),
        (["side=7,8"], "in --grid and in --parameter"),
        (["gamma=0.1,0.2,0.3", "rule=strict,lazy"], "12 cells are too many"),
    ],
)
def test_a_grid_that_is_refused(
    spec: Any, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpers.curriculum.sweep_grid.MOST_CELLS", 11)
    with pytest.raises(ParameterError) as error:
        make_sweep(spec, "smoke", words, 2, ["side=7"])
    assert message in str(error.value)


def test_a_parameter_may_not_be_called_like_a_column(project: Any) -> None:
    parameters = PARAMETERS + "verdict: int = 1  # clash\n"
    project.add("01_light", "x = 1", parameters=parameters)
    outcome = project.command("sweep", "01", "-s", "smoke", "-g", "verdict=1,2")
    assert outcome.returncode == 2
    assert "the table's own column" in outcome.stderr
    assert not (project.root / "build").exists()


def test_bad_input_is_one_line_and_nothing_starts(project: Any) -> None:
    project.add(
        "01_light",
        "x = 1",
        parameters=PARAMETERS,
        table="[scales.paper]\nseeds = 1\nseconds = 10\nmemory_mib = 999999999\n",
    )
    for words, message in [
        (("-g", "gama=1", "-s", "smoke"), "did you mean 'gamma'?"),
        (("-g", "gamma=0.1", "-s", "papr"), "did you mean 'paper'?"),
        (("-g", "gamma=0.1", "-s", "paper"), "needs 999999999 MiB of memory"),
    ]:
        outcome = project.command("sweep", "01", *words)
        assert outcome.returncode == 2
        assert outcome.stderr.startswith("curriculum: ")
        assert message in outcome.stderr
        assert outcome.stderr.count("\n") == 1
        assert not (project.root / "build").exists()


# Running


def test_a_failed_cell_is_retried_alone_after_the_others(spec: Any) -> None:
    made = sweep(spec)
    bad = made.cells[4].job
    executor = Fake(fails=lambda job, times: job == bad and times < 2)
    run = run_sweep(made, executor)
    assert run.complete and not run.failed
    assert executor.ran == [cell.job for cell in made.cells] + [bad]


def test_a_cell_that_keeps_failing_is_reported_and_run_again_next_time(
    spec: Any,
) -> None:
    made = sweep(spec)
    bad = made.cells[4]
    executor = Fake(fails=lambda job, times: job == bad.job)
    stream = io.StringIO()
    status = SweepStatus(stream)
    run = run_sweep(made, executor, retries=2, status=status)
    assert [cell.id for cell, _ in run.failed] == [bad.id]
    assert status.failed == {bad.id}
    assert stream.getvalue().count("running 1 failed cell again") == 2
    assert len(executor.ran) == 12 + 2
    again = Fake()
    assert run_sweep(made, again).complete
    assert again.ran == [bad.job]


@pytest.mark.parametrize("end", [{"crash_after": 5}, {"stop_after": 6}])
def test_an_interrupted_sweep_goes_on_and_counts_nothing_twice(
    spec: Any, end: dict[str, int]
) -> None:
    made = sweep(spec)
    first = Fake(**end)
    if "crash_after" in end:
        with pytest.raises(KeyboardInterrupt):
            run_sweep(made, first)
    else:
        run = run_sweep(made, first)
        assert (run.passed, len(run.results), run.failed) == (5, 6, [])
    second = Fake()
    run = run_sweep(made, second)
    assert run.complete
    assert second.ran == [cell.job for cell in made.cells[5:]]
    whole = table(run)
    assert len(whole) == 24
    assert not whole.duplicated(["cell", "claim"]).any()
    third = Fake()
    pd.testing.assert_frame_equal(table(run_sweep(made, third)), whole)
    assert third.ran == []
    assert len(run_sweep(made, third, force=True).results) == len(third.ran) == 12


def test_half_written_files_are_no_results(spec: Any) -> None:
    made = sweep(spec)
    run_sweep(made, Fake())
    broken, headless, strange = (cell.job for cell in made.cells[:3])
    text = (broken.folder / "results.json").read_text()
    (broken.folder / "results.json").write_text(text[: len(text) // 2])
    headless.executed.unlink()
    other = result_of(strange).model_copy(update={"key": "of other code"})
    other.save(strange.folder)
    again = Fake()
    assert run_sweep(made, again).complete
    assert again.ran == [broken, headless, strange]


def test_two_sweeps_of_a_notebook_do_not_run_at_once(spec: Any) -> None:
    made = sweep(spec)

    class Nested(Fake):
        def run(self, jobs: Any, tell: Any, interrupted: Any) -> Any:
            with pytest.raises(ParameterError, match="another sweep"):
                run_sweep(made, Fake())
            return super().run(jobs, tell, interrupted)

    assert run_sweep(made, Nested()).complete


def test_progress_counts_cells(spec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(
        "helpers.curriculum.sweep_status.time.monotonic", lambda: next(clock)
    )
    stream = io.StringIO()
    made = make_sweep(spec, "smoke", ["gamma=0.1,0.2,0.3,0.4"])
    bad = made.cells[1].job
    run_sweep(
        make_sweep(spec, "smoke", ["gamma=0.1"]), Fake(), status=SweepStatus(None)
    )
    fake = Fake(fails=lambda job, times: job == bad and times == 1)
    run_sweep(made, fake, status=SweepStatus(stream))
    assert stream.getvalue().splitlines() == [
        "1 of 4 cells are up to date",
        "gamma=0.2 seed=3: failed (2.0 s); 1 of 4 done, 1 running, 1 failed, "
        "about 20 s left",
        "gamma=0.3 seed=3: passed (2.0 s); 2 of 4 done, 1 running, 1 failed, "
        "about 10 s left",
        "gamma=0.4 seed=3: passed (2.0 s); 3 of 4 done, 1 running, 1 failed",
        "running 1 failed cell again",
        "gamma=0.2 seed=3: passed (2.0 s); 4 of 4 done, 1 running, 0 failed",
    ]


# Table, figure and page


def test_the_table_is_tidy(spec: Any) -> None:
    made = make_sweep(spec, "smoke", [*GRID, "ranks=[2],[4]"], 2, ["side=7"])
    run = run_sweep(made, Fake())
    frame = table(run)
    assert list(frame.columns[:8]) == [
        *("notebook", "scale", "gamma", "rule", "ranks", "side", "seed", "repetition")
    ]
    assert len(frame) == 24 * 2
    steps = frame[frame["claim"] == "steps"]
    wanted = 10 * steps["gamma"] + 100 * (steps["rule"] == "lazy")
    assert ((steps["value"] - wanted - steps["seed"] / 1000).abs() < 1e-9).all()
    assert frame["ranks"].unique().tolist() == ["[2]", "[4]"]
    assert json.loads(frame["parameters"][0]) == made.cells[0].job.resolved
    assert set(frame["status"]) == {"passed"}
    assert frame["seconds"].eq(2).all()
    assert frame["commit"].eq("0" * 40).all()
    path = made.folder / "table.parquet"
    save_table(frame, path)
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame)


def test_cells_without_claims_have_one_row(spec: Any) -> None:
    made = sweep(spec, 1)
    bad = made.cells[1].job
    fails = Fake(fails=lambda job, times: job == bad, stop_after=4)
    frame = table(run_sweep(made, fails, retries=0))
    status = frame.groupby("cell", sort=False)["status"].agg(list).tolist()
    assert status == [
        ["passed"] * 2,
        ["failed"],
        ["passed"] * 2,
        ["interrupted"],
        ["not run"],
        ["not run"],
    ]
    lost = frame[frame["status"] != "passed"]
    assert lost["claim"].isna().all() and lost["value"].isna().all()
    assert lost["failure"].tolist()[0] == "ValueError: <no>"
    assert lost["gamma"].notna().all()


def test_a_write_that_is_cut_off_leaves_the_old_table(
    spec: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_sweep(sweep(spec), Fake())
    write_sweep(run)
    folder = run.sweep.folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"table.parquet", "figure.svg", "index.html"}

    def full_disk(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(paths.os, "replace", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_sweep(SweepRun(run.sweep))
    for name, content in before.items():
        assert (folder / name).read_bytes() == content


def test_summary_over_repetitions(spec: Any) -> None:
    run = run_sweep(sweep(spec, 3), Fake())
    rows = summary(run, table(run))
    assert [row.claim for row in rows] == ["steps"] * 6 + ["open"] * 6
    first = rows[0]
    assert (first.point, first.count) == ("gamma = 0.1, rule = strict", 3)
    assert first.mean == pytest.approx(1.005)  # seeds 3, 5, 7
    half = 4.302653 * 0.002 / math.sqrt(3)
    assert (first.low, first.high) == pytest.approx((1.005 - half, 1.005 + half))
    assert first.verdicts == {"reproduced": 3}
    assert rows[-1].mean is None


def test_the_figure_shows_means_cells_and_intervals(spec: Any) -> None:
    run = run_sweep(sweep(spec, 3), Fake())
    figure = sweep_figure.draw(table(run), list(run.sweep.grid))
    (ax,) = figure.axes
    assert ax.get_xlabel() == "gamma"
    assert ax.get_ylabel() == "steps"
    names = ax.get_legend_handles_labels()[1]
    assert names == ["rule = strict", "rule = lazy"]
    strict, lazy = (bar.lines[0].get_ydata() for bar in ax.containers)
    assert list(strict) == pytest.approx([1.005, 2.005, 9.005])
    assert list(lazy) == pytest.approx([101.005, 102.005, 109.005])
    dots = [line for line in ax.lines if line.get_marker() == "."]
    assert sorted(len(line.get_ydata()) for line in dots) == [3] * 6


def test_figures_over_words_seeds_and_large_ranges(spec: Any) -> None:
    words = run_sweep(make_sweep(spec, "smoke", ["rule=strict,lazy"]), Fake())
    ax = sweep_figure.draw(table(words), ["rule"]).axes[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["strict", "lazy"]
    seeds = run_sweep(make_sweep(spec, "smoke", [], 3), Fake())
    ax = sweep_figure.draw(table(seeds), []).axes[0]
    assert [t.get_text() for t in ax.get_xticklabels()] == ["3", "5", "7"]
    wide = run_sweep(make_sweep(spec, "smoke", ["side=1,10,100,none"]), Fake())
    sweep_figure.draw(table(wide), ["side"])  # None is a word, not a number
    wide = run_sweep(make_sweep(spec, "smoke", ["side=1,10,100"]), Fake())
    ax = sweep_figure.draw(table(wide), ["side"]).axes[0]
    assert list(ax.get_xticks()) == pytest.approx([0, 1, 2])


def test_the_page_says_what_failed_and_links_every_cell(spec: Any) -> None:
    made = sweep(spec, 1)
    bad = made.cells[1].job
    fails = Fake(fails=lambda job, times: job == bad, stop_after=5)
    run = run_sweep(made, fails, retries=0)
    page = write_sweep(run)
    text = page.read_text(encoding="utf-8")
    assert "3 of 6 cells passed, 1 failed, 1 not run." in text
    assert "ValueError: &lt;no&gt;" in text
    assert "The statement of steps." in text
    links = [part.split('"')[0] for part in text.split('href="../cells/')[1:]]
    assert len(links) == 5
    for link in links:
        assert (page.parent / "../cells" / link).is_file()
    assert "data:image/svg+xml;base64," in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_a_sweep_without_values_has_no_figure(spec: Any) -> None:
    run = run_sweep(sweep(spec, 1), Fake(fails=lambda job, times: True), retries=0)
    page = write_sweep(run)
    assert not (page.parent / sweep_report.FIGURE).exists()
    assert "No cell recorded a claim." in page.read_text(encoding="utf-8")


def test_no_notebook_has_a_parameter_called_like_a_column() -> None:
    from helpers.curriculum.sweep_table import parameter_columns
    from helpers.scales import all_specs

    folder = Path(__file__).resolve().parents[2] / "notebooks"
    specs = all_specs(folder)
    assert len(specs) >= 7
    for spec in specs:
        names = {name: [] for name in spec.parameters().keys() - {"scale", "seed"}}
        made = Sweep(spec, "smoke", names, {}, 1, ())
        assert parameter_columns(made)[-1] == "seed"


def test_the_example_of_the_help_is_possible() -> None:
    assert cli_sweep.sweep.__doc__ is not None
    (example,) = re.findall(r"Example: curriculum sweep (.+)", cli_sweep.sweep.__doc__)
    command = re.fullmatch(r"(\d\d) -s (\w+)((?: -g \S+)+) --seeds (\d+)", example)
    assert command is not None, example
    number, scale, grid, seeds = command.groups()
    made = make_sweep(find_spec(number), scale, grid.split(" -g ")[1:], int(seeds), [])
    assert len(made.cells) > int(seeds)
