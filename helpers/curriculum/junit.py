"""JUnit XML of a set of runs, the format that CI systems read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from helpers import paths
from helpers.curriculum.failures import report
from helpers.curriculum.results import RunResult


def write(results: Iterable[tuple[RunResult, Path]], path: Path) -> None:
    """Write one test case per notebook and scale; ``path`` is the XML file."""
    suite = ElementTree.Element("testsuite", name="curriculum")
    seconds, count, failed = 0.0, 0, 0
    for result, folder in results:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=f"notebooks.{result.notebook}",
            name=result.scale,
            time=f"{result.seconds:.3f}",
        )
        seconds += result.seconds
        count += 1
        if not result.passed:
            failed += 1
            message = result.failure.message if result.failure else ""
            fault = ElementTree.SubElement(
                case, "failure", type=result.status, message=_printable(message)
            )
            fault.text = _printable(report(result, folder))
    suite.attrib |= {
        "tests": str(count),
        "failures": str(failed),
        "errors": "0",
        "time": f"{seconds:.3f}",
    }
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    paths.write_atomic(path, text + b"\n")


def _printable(text: str) -> str:
    """Without the control characters that XML forbids."""
    return "".join(c for c in text if c in "\n\t" or ord(c) >= 32)
