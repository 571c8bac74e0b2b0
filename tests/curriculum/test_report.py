"""The report: true to the runs, complete in itself, the same for the same input."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import paths
from helpers.claims import SYMBOLS
from helpers.curriculum import report, report_pages
from helpers.curriculum.report import build_report
from helpers.curriculum.report_embed import Links, self_contained, thumbnail
from helpers.curriculum.report_math import inline_math, mathml
from helpers.curriculum.report_templates import duration, when
from helpers.curriculum.results import Failure
from helpers.parameters import ParameterError
from tests.curriculum.report_sample import code, notebook, runs_folder, save, text

REMOTE = re.compile(
    r"<(?:script|link|img|image|use|iframe|source|video|audio|track|object|embed|font)"
    r"\b[^>]*?\b(?:src|srcset|href|data|poster)\s*=\s*[\"']?\s*(?:https?:)?//"
    r"|@import|url\(\s*[\"']?\s*(?:https?:)?//",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build") / "runs"
    runs_folder(folder)
    return folder


@pytest.fixture(scope="module")
def built(runs: Path) -> Path:
    return build_report(runs, runs.parent / "report").parent


def page(built: Path, name: str = "01_fields-default") -> BeautifulSoup:
    return BeautifulSoup((built / f"{name}.html").read_text("utf-8"), "html.parser")


def links(tmp_path: Path) -> Links:
    return Links(tmp_path, tmp_path, tmp_path / "report")


# --- nothing from elsewhere ---------------------------------------------------------


def test_nothing_is_fetched_from_elsewhere(built: Path) -> None:
    pages = sorted(built.glob("*.html"))
    assert len(pages) == 5
    for path in pages:
        # Shown source code may mention addresses; it is not markup.
        soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for shown in soup.find_all("pre"):
            shown.decompose()
        assert not REMOTE.search(str(soup)), path.name
    assert 'href="https://example.org"' in str(page(built)), "links to click on stay"


@pytest.mark.parametrize(
    "fragment",
    [
        "<script src='https://x.org/a.js'></script>",
        "<img src=//x.org/a.png>",
        "<img srcset='https://x.org/a.png 2x' src='https://x.org/a.png'>",
        "<link rel=stylesheet href=https://x.org/a.css>",
        "<iframe src='https://x.org'></iframe>",
        "<video poster='https://x.org/a.png'><source src='http://x.org/b'></video>",
        "<object data='https://x.org/a.svg'></object>",
        "<svg><image xlink:href='https://x.org/a.png'/></svg>",
        "<style>@import 'https://x.org/a.css'; p {color: red}</style>",
        "<style>@font-face {src: url(https://x.org/a.woff)}</style>",
        "<p style='background: url(\"https://x.org/a.png\")'>text</p>",
        "<base href='https://x.org/'>",
        "<meta http-equiv=refresh content='0;url=https://x.org'>",
    ],
)
def test_remote_parts_of_outputs_are_taken_out(fragment: str, tmp_path: Path) -> None:
    left = self_contained(f"<p>kept</p>{fragment}", links(tmp_path))
    assert "<p>kept</p>" in left
    assert not REMOTE.search(left)
    markup = re.sub(r"<a [^>]*>", "", left)
    assert "x.org" not in markup


def test_local_images_are_embedded_only_from_inside(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    (inside / "notebooks").mkdir(parents=True)
    (inside / "notebooks" / "a b.svg").write_text('<svg id="é"/>', "utf-8")
    (tmp_path / "secret.svg").write_text("<svg/>", "utf-8")
    where = Links(inside / "notebooks", inside, inside / "build" / "report")
    found = where.embed("a%20b.svg")
    assert found and unquote(found).endswith('<svg id="é"/>')
    assert where.embed("../../secret.svg") is None
    assert where.resolve("a%20b.svg") == "../../notebooks/a%20b.svg"
    assert where.resolve("../../secret.svg") is None
    assert where.resolve(300 * "x") is None and where.resolve("%00") is None
    assert where.resolve("#Theory") == "#Theory"


def test_links_inside_the_report_lead_somewhere(built: Path) -> None:
    pages = {path.name: page(built, path.stem) for path in built.glob("*.html")}
    for name, soup in pages.items():
        targets = [str(a["href"]) for a in soup.find_all("a", href=True)]
        targets += [str(i["src"]) for i in soup.find_all("img")]
        assert targets
        for target in targets:
            if re.match(r"(https?|data):", target):
                continue
            other, _, fragment = target.partition("#")
            assert (built / unquote(other or name)).exists(), f"{name}: {target}"
            if fragment:
                aim = pages[other or name].find(id=unquote(fragment))
                assert aim, f"{name}: {target}"


def test_ids_are_unique(built: Path) -> None:
    for path in built.glob("*.html"):
        soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), path.name


# --- a page -------------------------------------------------------------------------


def test_page_shows_the_notebook_as_it_ran(built: Path) -> None:
    soup = page(built)
    assert [h.get_text(" ", strip=True) for h in soup.find_all("h1")] == [
        "01 · Fields of light #"
    ]
    streams = [pre.get_text() for pre in soup.select("pre.stream")]
    assert "scale default\n" in streams
    assert "a warning\n" in [p.get_text() for p in soup.select("pre.stderr")]
    assert "88.25" in soup.select_one("table.dataframe").get_text()
    figures = soup.select("figure img")
    assert len(figures) == 2
    assert all(f["src"].startswith("data:image/svg+xml") for f in figures)
    drawn = unquote(figures[0]["src"].partition(",")[2])
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert figures[0]["alt"] == "Figure 1, section Experiments"


def test_a_comment_in_a_code_fence_is_no_section() -> None:
    words = "## Experiments\n\n### One\n\n```sh\n# install first\nmake run\n```"
    figure = nbformat.v4.new_output("display_data", {"image/png": "AA=="})
    cells = [
        nbformat.v4.new_markdown_cell(words),
        nbformat.v4.new_code_cell("draw()", outputs=[figure]),
    ]
    made = report_pages.prepare(nbformat.v4.new_notebook(cells=cells))
    alt = made.cells[1].outputs[0].metadata.alt
    assert alt == "Figure 1, section Experiments"


def test_page_has_contents_parameters_and_scales(built: Path) -> None:
    soup = page(built)
    side = [a.get_text() for a in soup.select("nav.side ol a")]
    assert side == [
        "This run",
        "Theory",
        "Experiments",
        "Explore",
        "Verdict",
        "Exercises",
    ]
    assert [a["href"] for a in soup.select("nav.side ul a")] == [
        "01_fields-default.html",
        "01_fields-paper.html",
    ]
    run = soup.select_one("section.run").get_text(" ", strip=True)
    for fact in ("passed", "2026-03-01 12:30 UTC", "0123456789ab", "42 s of 100 s"):
        assert fact in run
    assert "412 MiB of 1024 MiB" in run and "seed 0" in run


def test_mathematics_is_mathml(built: Path) -> None:
    article = page(built).article
    formulas = article.find_all("math")
    assert len(formulas) >= 9
    assert article.select_one(".equation .tag").get_text() == "(1)"
    assert article.select_one("code.tex").get_text() == r"\unknowncommand{x}"
    for shown in article.find_all(["pre", "code", "math"]):
        shown.decompose()
    assert "$" not in article.get_text()


def test_solution_is_folded_with_its_output(built: Path) -> None:
    (solution,) = page(built).select("details.solution")
    assert not solution.has_attr("open")
    assert solution.summary.get_text() == "Solution"
    assert "return 2 * n" in solution.get_text()
    assert solution.select_one("pre.stream").get_text().strip() == "4"


def test_widget_is_a_note_below_its_picture(built: Path) -> None:
    (note,) = page(built).select(".widget")
    assert "Interactive in JupyterLab" in note.get_text()
    assert "VBox" not in page(built).get_text()
    assert note.find_parent(class_="cell").select("figure img")


def test_claims_of_a_cell_are_one_labelled_table(built: Path) -> None:
    table, shown = page(built).article.select("table.claims")
    heads = [th.get_text() for th in table.select("thead th")]
    assert heads == ["Claim", "Paper", "Ours", "95 % interval", "Expected", "Verdict"]
    rows = [row.get_text(" ", strip=True) for row in table.select("tbody tr")]
    assert len(rows) == 4
    assert "99.5 (recalled)" in rows[1] and "◐ direction only" in rows[1]
    assert len(shown.select("tr")) == 5, "the Verdict table stands as it was shown"


def test_missing_and_remote_pictures_are_named(built: Path) -> None:
    words = [tag.get_text() for tag in page(built).select(".missing")]
    assert "Overview of the method (not found)" in words
    assert "A remote picture (online)" in words


def test_failed_notebook_tells_where_it_stopped(built: Path) -> None:
    soup = page(built, "02_broken-default")
    alert = soup.select_one(".alert").get_text(" ", strip=True)
    assert "did not finish: failed" in alert and "Experiments" in alert
    assert "IndexError: list index out of range" in alert
    (failed,) = soup.select(".failed")
    assert failed["id"] == "cell-4"
    assert "IndexError" in failed.select_one("pre.error").get_text()
    assert "[0;31m" not in soup.get_text(), "colours, no escape codes"
    assert soup.select_one(".alert a")["href"] == "#cell-4"


def test_markers_of_the_runner_are_not_shown_and_cells_keep_numbers(
    tmp_path: Path,
) -> None:
    made = notebook(
        text("**This run: timeout.**"),
        text("# Title"),
        code("x: int = 1", "parameters"),
        code("x = 2", "injected-parameters"),
        code("loop()"),
        code("later()"),
    )
    made.cells[0].metadata.tags = ["curriculum-marker"]
    made.cells[4].metadata.papermill = {"status": "timeout", "duration": 9.96}
    made.cells[5].metadata.papermill = {"status": "not run"}
    path = tmp_path / "executed.ipynb"
    nbformat.write(made, path)
    rendered = report_pages.render(path, links(tmp_path))
    soup = BeautifulSoup(rendered.body, "html.parser")
    assert "This run" not in soup.get_text()
    assert rendered.failure_anchor == "cell-3"
    assert soup.find(id="cell-3").select_one(".took").get_text() == "10.0 s"
    assert "put in by the runner" in soup.find(id="cell-2-values").get_text()
    assert "not run" in soup.find(id="cell-4").get_text()


# --- the index ----------------------------------------------------------------------


def test_scoreboard_lists_every_claim_of_every_scale(built: Path) -> None:
    soup = page(built, "index")
    rows = soup.select("#claims tbody tr")
    assert [(r["data-claim"], r["data-scale"]) for r in rows] == [
        (f"01_fields/{claim}", scale)
        for claim in ("steps", "quality", "speed", "headline")
        for scale in ("default", "paper")
    ]
    steps = rows[0].get_text(" ", strip=True)
    for part in ("86 printed", "Table 2", "88.2 steps", "[85.8, 90.6]", "70 – 100"):
        assert part in steps
    assert "only at scale paper" in rows[6].get_text()
    for row in rows:
        verdict = row["data-verdict"]
        assert f"{SYMBOLS[verdict]} {verdict}" in row.get_text(" ", strip=True)


def test_counts_stand_on_top_and_agree_with_the_exports(built: Path) -> None:
    soup = page(built, "index")
    tiles = {
        tile.dt.get_text(" ", strip=True): tile.dd.get_text()
        for tile in soup.select(".tile")
    }
    assert tiles == {f"{symbol} {name}": "1" for name, symbol in SYMBOLS.items()}
    data = json.loads((built / "scoreboard.json").read_text("utf-8"))
    assert data["counts"]["default"] == dict.fromkeys(SYMBOLS, 1)
    table = csv.DictReader(io.StringIO((built / "scoreboard.csv").read_text("utf-8")))
    records = list(table)
    assert [r["claim"] for r in records] == [c["claim"] for c in data["claims"]]
    assert float(records[0]["ours"]) == data["claims"][0]["ours"] == 88.2
    assert records[-1]["ours"] == "" and data["claims"][-1]["ours"] is None


def test_index_is_truthful_about_failures_and_budgets(built: Path) -> None:
    soup = page(built, "index")
    alert = soup.select_one("section.alert").get_text(" ", strip=True)
    for part in ("A broken <one>", "failed", "Experiments", "cell 4", "IndexError"):
        assert part in alert
    runs = [r.get_text(" ", strip=True) for r in soup.select("table.runs tbody tr")]
    assert len(runs) == 3
    assert "over budget" not in runs[0] and "over budget" in runs[1]


def test_own_runs_stand_apart(built: Path) -> None:
    soup = page(built, "index")
    (own,) = soup.select("ul.own > li")
    assert own.select_one(".values").get_text(strip=True) == "seed = 7"
    assert "1a2b3c4d" not in soup.select_one("#claims").get_text()
    lead = soup.select_one(".lead").get_text()
    assert "2 notebooks, 4 claims" in lead


def test_thumbnails_and_pages_of_cards(built: Path) -> None:
    cards = page(built, "index").select(".card")
    assert [c.h3.a["href"] for c in cards] == [
        "01_fields-default.html",
        "02_broken-default.html",
    ]
    assert cards[0].img["src"] == "thumbnails/01_fields-default.svg"
    assert cards[1].img is None and cards[1].select_one(".thumb.none")


def test_tables_are_labelled_and_colour_is_never_alone(built: Path) -> None:
    for path in built.glob("*.html"):
        soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
        assert soup.html["lang"] == "en" and len(soup.select("main")) == 1
        for mark in soup.select(".verdict, .status, .tally li"):
            assert re.search(r"\w{4}", mark.get_text())
        for image in soup.find_all("img"):
            assert image.get("alt")
        for table in soup.select("#claims, table.runs"):
            assert table.caption and table.select("thead th[scope=col]")
            assert all(row.th["scope"] == "row" for row in table.select("tbody tr"))


# --- building -----------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_same_runs_give_the_same_bytes(runs: Path, built: Path) -> None:
    before = contents(built)
    build_report(runs, built)
    assert contents(built) == before
    assert [p.name for p in built.parent.iterdir() if p.name.startswith(".")] == []


def test_the_index_leads_to_the_api_reference(built: Path) -> None:
    link = page(built, "index").select_one('header a[href="api/index.html"]')
    assert (built / link["href"]).is_file()


def test_failed_build_leaves_the_old_report(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report"
    build_report(runs, out)
    before = contents(out)

    def explode(*_: object) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(report, "scoreboard", explode)
    with pytest.raises(RuntimeError, match="disk on fire"):
        build_report(runs, out)
    assert contents(out) == before
    assert [p.name for p in tmp_path.iterdir()] == ["report"]


def test_a_foreign_folder_is_never_replaced(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(ParameterError, match="is not a report"):
        build_report(runs, tmp_path)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_no_runs_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no runs in .*curriculum run"):
        build_report(tmp_path / "nowhere", tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_lost_results_and_notebooks_are_named(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    empty = notebook(text("# Title"))
    killed = Failure(message="the kernel died")
    save(runs, "01_a/default", empty, status="killed", failure=killed)
    (runs / "01_a/default/executed.ipynb").unlink()
    save(runs, "02_b/smoke", empty)
    (runs / "02_b/smoke/executed.ipynb").write_text("{half", "utf-8")
    (runs / "03_c/default").mkdir(parents=True)
    (runs / "03_c/default/results.json").write_text("{half", "utf-8")
    out = build_report(runs, tmp_path / "report").parent
    alert = page(out, "index").select_one("section.alert").get_text(" ", strip=True)
    assert "the kernel died" in alert and "no executed notebook" in alert
    assert "03_c/default" in alert
    assert [p.name for p in out.glob("*.html")] == ["index.html"]


def test_scale_of_choice_comes_first(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    for scale in ("smoke", "paper", "default", "aside"):
        save(runs, f"01_a/{scale}", notebook(text("# Title")))
    out = build_report(runs, tmp_path / "report").parent
    shown = [li.a.get_text() for li in page(out, "index").select(".scales li")]
    assert shown == ["default", "paper", "smoke", "aside"]
    shutil.rmtree(runs / "01_a" / "default")
    build_report(runs, out)
    assert page(out, "index").select_one(".card h3 a")["href"] == "01_a-paper.html"


# --- parts --------------------------------------------------------------------------


def figure(kind: str, content: bytes) -> nbformat.NotebookNode:
    if kind == "image/svg+xml":
        data = content.decode()
    else:
        data = base64.b64encode(content).decode()
    return nbformat.v4.new_output("display_data", data={kind: data})


def test_thumbnail_prefers_the_tagged_cell_and_is_small() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (2000, 1000), "teal").save(buffer, "PNG")
    first, tagged = code("a"), code("b", "thumbnail")
    first.outputs = [figure("image/svg+xml", b"<svg/>")]
    tagged.outputs = [figure("image/png", buffer.getvalue())]
    suffix, content = thumbnail(notebook(first, tagged)) or ("", b"")
    assert suffix == ".png"
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (640, 320)
    assert thumbnail(notebook(first)) == (".svg", b"<svg/>")
    assert thumbnail(notebook(code("print()"))) is None
    huge = code("c")
    huge.outputs = [figure("image/svg+xml", b"<svg>" + b" " * 600_000 + b"</svg>")]
    assert thumbnail(notebook(huge, first)) == (".svg", b"<svg/>")


@pytest.mark.parametrize(
    ("tex", "parts"),
    [
        (r"\frac{a}{b}", ["<mfrac>"]),
        (r"x_{ij}^2", ["<msubsup>"]),
        (r"\begin{aligned} a &= b \\ c &= d \end{aligned}", ["<mtable", "<mtr>"]),
        (r"\begin{cases} 1 & x<0 \\ 0 & x \ge 0 \end{cases}", ["<mtable>", "&lt;"]),
        (r"\operatorname*{arg\,min}_x f", ["arg\N{NO-BREAK SPACE}min"]),
        (r"\arg\min_x f", ["<msub>", "arg\N{NO-BREAK SPACE}min"]),
        (r"\mathbb 1", ["\N{MATHEMATICAL DOUBLE-STRUCK DIGIT ONE}"]),
        (r"a \sim b", ["<mo>\N{TILDE OPERATOR}</mo>"]),
    ],
)
def test_tex_becomes_mathml(tex: str, parts: list[str]) -> None:
    made = mathml(tex)
    assert ElementTree.fromstring(made).get("alttext") == tex
    for part in parts:
        assert part in made
    assert "&amp;" not in made.partition(">")[2], "no alignment marks left"


@pytest.mark.parametrize("tex", [r"\frac{a", r"\nosuch{x}", "a & b", "{", r"\left("])
def test_tex_beyond_the_converter_is_shown_as_source(tex: str) -> None:
    made = ElementTree.fromstring(mathml(tex))
    assert made.tag == "code" and made.text == tex


@pytest.mark.parametrize(
    "path", sorted(paths.NOTEBOOKS.glob("*.ipynb")), ids=lambda p: p.stem
)
def test_no_formula_of_a_notebook_is_shown_as_source(path: Path) -> None:
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type != "markdown":
            continue
        prose = re.sub("`[^`]*`", "", cell.source)
        for tex in re.findall(r"\$\$(.+?)\$\$", prose, re.DOTALL):
            assert 'class="tex"' not in mathml(tex, display=True)
        assert 'class="tex"' not in inline_math(prose)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=r"ab12\{}_^&$<>'\" ()|~%#=+-fracsqtlig", max_size=25))
def test_any_tex_gives_well_formed_html(tex: str) -> None:
    assert ElementTree.fromstring(mathml(tex)).tag in ("math", "code")
    ElementTree.fromstring(mathml(tex, display=True))
    ElementTree.fromstring(f"<p>{inline_math(tex)}</p>")


def test_dollars_that_are_no_mathematics_stay() -> None:
    assert inline_math("from $5 to $6 & up") == "from $5 to $6 &amp; up"
    assert inline_math("at $n$").startswith("at <math")


def test_durations_and_times_read_well() -> None:
    shown = [duration(seconds) for seconds in (0.83, 41.7, 120, 200, 7500)]
    assert shown == ["0.8 s", "42 s", "2 min", "3 min 20 s", "2 h 5 min"]
    assert when("2026-03-01T13:30:00+01:00") == "2026-03-01 12:30 UTC"
    assert when("yesterday") == "yesterday"
