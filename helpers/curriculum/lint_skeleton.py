"""Rules about the order of a notebook: what a reader meets first, next and last."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from helpers.curriculum.lint_source import Finding, Heading, Source, tags
from helpers.parameters import Parameter, ParameterError, parse_cell
from helpers.scales import SCALES

TITLE, GOALS, OVERVIEW, PARAMETERS, IMPORTS = range(5)
CITATION = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi\.org/10\.\d{4,}/\S")
IMAGE = re.compile(r"!\[(?P<alt>[^\]]*)\]\((?P<target>[^)\s]+)\)")
WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")

# (hard minimum, usual minimum, usual maximum, hard maximum)
CELLS = (25, 35, 70, 100)
WORDS = (900, 1200, 2700, 4000)
SHORTEST_ALT = 20  # characters
LONGEST_LINE = 120  # characters of what the README says of a chapter


def title(source: Source) -> Iterator[Finding]:
    """Exactly one H1, first thing in the notebook: ``# NN · name``, with a citation."""
    number = source.path.stem.partition("_")[0]
    tops = [h for h in source.headings if h.level == 1]
    if len(tops) != 1:
        yield source.finding("title", f"has {len(tops)} H1 headings, not exactly one")
    first = _markdown(source, TITLE)
    if not re.match(rf"# {re.escape(number)} · \S", first):
        yield source.finding("title", f"does not begin with '# {number} · name'", TITLE)
    if not CITATION.search(first):
        yield source.finding(
            "citation", "cites neither arXiv:NNNN.NNNNN nor a doi.org link", TITLE
        )


def goals(source: Source) -> Iterator[Finding]:
    """The second cell: 3 to 5 goals, a table of the scales' costs, what is needed."""
    text = _markdown(source, GOALS)
    bullets = re.findall(r"(?m)^[-*] \S", text)
    if not 3 <= len(bullets) <= 5:
        yield source.finding("goals", f"lists {len(bullets)} goals, not 3 to 5", GOALS)
    for word in ("internet", "GPU"):
        if word.lower() not in text.lower():
            yield source.finding("goals", f"does not say what needs {word}", GOALS)
    if isinstance(source.spec, ParameterError):
        return  # told by the rule on parameters
    for name, scale in source.spec.scales.items():
        row = re.search(rf"(?m)^\| *`?{name}`? *\|.*$", text)
        if row is None:
            yield source.finding("goals", f"has no table row for scale {name}", GOALS)
            continue
        time = _amounts(scale.seconds, {"s": 1, "min": 60, "h": 3600})
        memory = _amounts(scale.memory_mib, {"MiB": 1, "GiB": 1024})
        for amounts in (time, memory):
            if not re.search(rf"(?<![\d.])({'|'.join(amounts)})\b", row[0]):
                allowed = " or ".join(amounts).replace("\\", "")
                yield source.finding(
                    "goals", f"scale table has {allowed} in row {name}", GOALS
                )


def _amounts(value: float, units: dict[str, int]) -> list[str]:
    """Patterns for a quantity in every unit that needs at most one decimal."""
    return [
        re.escape(f"{value / size:g} {unit}")
        for unit, size in units.items()
        if round(value / size, 1) == value / size
    ]


def overview(source: Source) -> Iterator[Finding]:
    """The third cell shows the whole method as one SVG with an alt text."""
    image = IMAGE.search(_markdown(source, OVERVIEW))
    if image is None or not image["target"].endswith(".svg"):
        yield source.finding("overview", "shows no SVG: ![alt](file.svg)", OVERVIEW)
    elif len(image["alt"].strip()) < SHORTEST_ALT:
        yield source.finding("overview", "the figure's alt text says little", OVERVIEW)


def parameters(source: Source) -> Iterator[Finding]:
    """The fourth cell, first of code: typed, commented literals, scale and seed."""
    tagged = [i for i, cell in source.code() if "parameters" in tags(cell)]
    first_code = next((i for i, _ in source.code()), None)
    if tagged != [PARAMETERS] or first_code != PARAMETERS:
        problem = (
            f"cell {PARAMETERS + 1} must be the first code cell and the only one "
            f"tagged 'parameters'; tagged are {[i + 1 for i in tagged]}"
        )
        yield source.finding("parameters", problem)
        return
    try:
        found = parse_cell(source.cells[PARAMETERS].source)
    except ParameterError as error:
        yield source.finding("parameters", str(error), PARAMETERS)
        return
    yield from _declared(source, found)
    if isinstance(source.spec, ParameterError):
        yield source.finding("scales", str(source.spec))
    elif set(source.spec.scales) != set(SCALES):
        yield source.finding("scales", f"the table has not exactly {', '.join(SCALES)}")


def about(source: Source) -> Iterator[Finding]:
    """The table says what a chapter asks and reproduces, each in one short line."""
    if source.kind != "chapter" or isinstance(source.spec, ParameterError):
        return
    asked, reproduced = source.spec.question, source.spec.reproduces
    if not (asked.endswith("?") and len(asked) <= LONGEST_LINE):
        problem = f"'question' is no question of at most {LONGEST_LINE} characters"
        yield source.finding("about", f"{source.path.stem}.toml: {problem}")
    if not 0 < len(reproduced) <= LONGEST_LINE:
        problem = f"'reproduces' has not 1 to {LONGEST_LINE} characters"
        yield source.finding("about", f"{source.path.stem}.toml: {problem}")


def _declared(source: Source, found: dict[str, Parameter]) -> Iterator[Finding]:
    wanted = {"scale": ("str", "default"), "seed": ("int", 0)}
    if list(found)[:2] != list(wanted):
        yield source.finding(
            "parameters", "the first two are not scale and seed", PARAMETERS
        )
    for name, (kind, default) in wanted.items():
        parameter = found.get(name)
        if parameter and (parameter.annotation, parameter.default) != (kind, default):
            yield source.finding(
                "parameters",
                f"{name} is not '{name}: {kind} = {default!r}'",
                PARAMETERS,
            )
    for name, parameter in found.items():
        if not parameter.help:
            yield source.finding(
                "parameters", f"{name} has no comment saying what it is", PARAMETERS
            )


def imports(source: Source) -> Iterator[Finding]:
    """The fifth cell holds all imports and calls ``begin`` with the notebook's name.

    Only the stub of an exercise may import as well: what it needs, in one place.
    """
    name = source.path.stem
    expected = ast.dump(ast.parse(f"begin({name!r}, globals())", mode="eval").body)
    calls = [i for i, call in source.calls("begin") if ast.dump(call) == expected]
    if calls != [IMPORTS]:
        yield source.finding(
            "begin", f"does not call begin({name!r}, globals()) just once", IMPORTS
        )
    for index, tree in source.trees.items():
        if index in (PARAMETERS, IMPORTS) or "exercise" in tags(source.cells[index]):
            continue
        if any(isinstance(n, ast.Import | ast.ImportFrom) for n in ast.walk(tree)):
            yield source.finding(
                "imports", f"imports belong into cell {IMPORTS + 1}", index
            )


def sections(source: Source) -> Iterator[Finding]:
    """The H2 headings from the first agreed one on are these, in their order."""
    wanted = list(source.sections)
    names = [h.text for h in source.headings if h.level == 2]
    start = names.index(wanted[0]) if wanted[0] in names else 0
    if names[start:] != wanted:
        given = ", ".join(names[start:]) or "missing"
        problem = f"H2 headings are {given}; expected {', '.join(wanted)}"
        yield source.finding("sections", problem)
    last = rf"## {re.escape(wanted[-1])}\b"
    if not re.match(last, _markdown(source, len(source.cells) - 1)):
        yield source.finding("sections", f"the last cell is not '## {wanted[-1]}'")
    for before, after in pairwise([Heading(0, "", 0), *source.headings]):
        if after.level > before.level + 1:
            yield source.finding(
                "sections", f"heading {after.text!r} skips a level", after.cell
            )
    for name in ("From scratch", "Experiments", "Explore"):
        cells = source.section(name)
        if name in wanted and not any(index in source.trees for index in cells):
            yield source.finding("sections", f"section {name} has no code")
    theory = "".join(source.cells[i].source for i in source.section("Theory"))
    if "Theory" in wanted and r"\tag{" not in theory:
        yield source.finding("equations", r"section Theory has no numbered \tag{1}")
    verdict = source.section("Verdict")
    if not any(index in verdict for index, _ in source.calls("show")):
        yield source.finding("sections", "section Verdict does not call show()")


def size(source: Source) -> Iterator[Finding]:
    """35 to 70 cells and 1200 to 2700 words are usual; far outside is an error."""
    text = "\n".join(text for _, text in source.markdown())
    text = re.sub(r"(?s)\$\$.*?\$\$|\$[^$\n]+\$|<[^>]+>|`[^`]*`", " ", text)
    text = re.sub(r"\]\([^)]*\)|https?://\S+", " ", text)
    counts = (
        ("cells", len(source.cells), CELLS),
        ("words", len(WORD.findall(text)), WORDS),
    )
    for name, count, (least, low, high, most) in counts:
        if source.kind == "template" and count < low:
            continue
        if not low <= count <= high:
            yield source.finding(
                "size",
                f"{count} {name}; usual are {low} to {high}, limits {least} to {most}",
                error=not least <= count <= most,
            )


def _markdown(source: Source, index: int) -> str:
    """Text of a Markdown cell; empty where there is none at this place."""
    return dict(source.markdown()).get(index, "")


RULES = (title, goals, overview, parameters, about, imports, sections, size)
