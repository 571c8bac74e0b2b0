"""Executed notebooks and run records for the report's tests, made by a real kernel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from helpers.claims import claims_in
from helpers.curriculum.results import Failure, RunResult

REPOSITORY = Path(__file__).resolve().parents[2]

INTRODUCTION = """\
# 01 · Fields of light

One sentence of claim, see [the next notebook](02_broken.ipynb), the
[sources](../helpers/claims.py), a [missing file](nowhere.md) and
[the paper](https://arxiv.org/abs/2102.05037).

![Overview of the method](figures/overview.svg)
![A remote picture](https://example.org/picture.png)
"""
THEORY = r"""
## Theory

The field at cell $p$ sums over all targets $q \in T$, with $\omega \in [0, 1]$:

$$ F_\omega(p) = \sum_{q \in T} \frac{\omega}{\lVert p - q \rVert_2^2}
   - (1 - \omega)\,\hat{r}_{p,t} \tag{1} $$

\begin{aligned}
a_{t+1} &= \operatorname*{arg\,max}_{p \in N(a_t)} F_\omega(p) \\
\gamma &\leq \left\lfloor \frac{n}{2} \right\rfloor
\end{aligned}

A formula beyond the converter stays as it is: $\unknowncommand{x}$.

| symbol | meaning |
|---|---|
| $n$ | number of agents |
| $\gamma$ | share of the grid |

```python
def rule(field):
    return field.argmax()  # the brightest neighbour
```
"""
FIGURE = """\
import matplotlib.pyplot as plt
import numpy as np

x = np.linspace(0.1, 6, 60)
fig, ax = plt.subplots()
ax.plot(x, 1 / x**2, label="blue light")
ax.plot(x, np.exp(-x), label="red light")
ax.set(xlabel="distance / cells", ylabel="light", ylim=(0, 4))
ax.legend()
plt.show()
"""
TABLE = """\
import pandas as pd

pd.DataFrame({"n": [100, 1000, 10000], "steps": [12.5, 31.0, 88.25]})
"""
CLAIMS = """\
record("steps", 88.2, "steps", statement="Steps at $n = 10^4$ stay below 100.",
       paper=86.0, paper_status="printed", ref="Table 2",
       expect=between(70, 100), null=0, seeds=[87.1, 88.9, 88.6])
record("quality", statement="Quality of the shape.", unit="%",
       paper=99.5, paper_status="recalled", ref="§4",
       expect=at_least(99), null=50, seeds=[98.2, 98.6, 98.4])
record("speed", 3.1, "x", statement="Faster than the direct sum.", paper=None,
       expect=at_least(5), null=1, seeds=[0.9, 3.2, 5.2])
record("headline", statement="The 5.4 k-agent run.", paper="≈ 5.4 k agents",
       paper_status="inferred", expect=at_least(0.9), null=0.5,
       testable=False, why="only at scale paper")
"""
EXPLORER = """\
def figure(share):
    fig, ax = plt.subplots()
    ax.plot(x, share / x)
    ax.set(xlabel="distance / cells", ylabel="light")
    return fig


figure(0.5)
plt.show()
explore(figure, share=(0.0, 1.0, 0.25))
"""
HTML = """\
from IPython.display import HTML

HTML('<p>Kept <a href="https://example.org">link</a></p>'
     '<script src="https://cdn.example.org/x.js"></script>'
     '<link rel="stylesheet" href="//cdn.example.org/x.css">'
     '<style>@import url("https://cdn.example.org/y.css"); p {color: inherit}</style>'
     '<img src="https://example.org/z.png" alt="remote">')
"""


def code(source: str, *tags: str) -> NotebookNode:
    cell = nbformat.v4.new_code_cell(source.strip())
    cell.metadata.tags = list(tags)
    return cell


def text(source: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source)


def notebook(*cells: NotebookNode) -> NotebookNode:
    made: NotebookNode = nbformat.v4.new_notebook(cells=list(cells))
    made.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    for number, cell in enumerate(made.cells):
        cell.id = f"c{number:02d}"
    return made


def sample() -> NotebookNode:
    """A notebook with everything that a page has to show."""
    return notebook(
        text(INTRODUCTION),
        code('scale: str = "default"\nseed: int = 0', "parameters"),
        code(
            "from helpers import at_least, between, explore, record, show, style\n"
            "style.use()\nprint('scale', scale)"
        ),
        text(THEORY),
        text("## Experiments\n\nSteps against the number of agents."),
        code(FIGURE, "thumbnail"),
        code(TABLE),
        code("import sys\nprint('a warning', file=sys.stderr)"),
        text("## Explore"),
        code(EXPLORER),
        text("## Verdict"),
        code(CLAIMS),
        code("show()"),
        text("## Exercises\n\n1. Write `double`."),
        code("def double(n):\n    raise NotImplementedError", "exercise"),
        code("def double(n):\n    return 2 * n\n\nprint(double(2))", "solution"),
        code(HTML),
    )


def broken() -> NotebookNode:
    """A notebook that raises in its second section."""
    return notebook(
        text("# 02 · Broken\n\n## Theory\n\nNothing here."),
        code('scale: str = "default"', "parameters"),
        text("## Experiments"),
        code("values = [1, 2, 3]\nvalues[7]"),
        code("print('never reached')"),
    )


def execute(made: NotebookNode) -> NotebookNode:
    """Run ``made`` in a real kernel; an error stays in the cell that raised it."""
    kept = os.environ.get("CURRICULUM_HEADLESS")
    os.environ["CURRICULUM_HEADLESS"] = "1"
    client = NotebookClient(
        made, timeout=120, resources={"metadata": {"path": str(REPOSITORY)}}
    )
    try:
        client.execute()
    except CellExecutionError:
        pass
    finally:
        if kept is None:
            del os.environ["CURRICULUM_HEADLESS"]
        else:
            os.environ["CURRICULUM_HEADLESS"] = kept
    return made


def save(runs: Path, folder: str, executed: NotebookNode, **facts: Any) -> RunResult:
    """Write a run folder as the runner does; ``facts`` overrule the record."""
    name, label = folder.split("/")
    target = runs / folder
    target.mkdir(parents=True)
    nbformat.write(executed, target / "executed.ipynb")
    record: dict[str, Any] = {
        "notebook": name,
        "title": "Fields of light",
        "scale": label.split("-")[0],
        "key": "k",
        "parameters": {"scale": label.split("-")[0], "seed": 0},
        "status": "passed",
        "seconds": 41.7,
        "budget_seconds": 100.0,
        "peak_memory_mib": 412.0,
        "budget_memory_mib": 1024.0,
        "started": "2026-03-01T12:30:00+00:00",
        "commit": "0123456789abcdef",
        "versions": {"python": "3.11.9", "numpy": "2.1.0"},
        "hardware": {"processor": "x86_64", "cores": "2", "memory": "8 GiB"},
        "executed": "executed.ipynb",
        "claims": claims_in(executed),
    }
    result = RunResult(**{**record, **facts})
    result.save(target)
    return result


def runs_folder(runs: Path) -> None:
    """Default and paper of 01, a failed 02, one run with values of the reader."""
    first = execute(sample())
    second = execute(broken())
    save(runs, "01_fields/default", first)
    save(
        runs,
        "01_fields/paper",
        first,
        seconds=4000.0,
        budget_seconds=3600.0,
        started="2026-03-02T08:00:00+00:00",
    )
    own = {"scale": "default", "seed": 7}
    save(runs, "01_fields/default-1a2b3c4d", first, parameters=own)
    save(
        runs,
        "02_broken/default",
        second,
        title="A broken <one>",
        status="failed",
        failure=Failure(
            section="Experiments",
            cell=4,
            code="values = [1, 2, 3]\nvalues[7]",
            message="IndexError: list index out of range",
        ),
    )
