"""Expectations below the run's verdicts: recorded with a reason, kept, and ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.claims import DIRECTION, NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, Claim
from helpers.curriculum import bless as blessing
from helpers.curriculum.bless import bless, parse_lower
from helpers.curriculum.results import expected_verdicts
from helpers.parameters import ParameterError

NAME = "01_claims"


def claim(id: str, verdict: str) -> Claim:
    return Claim(id, "s", 1.0, 1.0, 1.0, "", None, "none", "", "x", [0.0], verdict)


class Spec:
    name, number, scales = NAME, "01", ("default", "smoke")


class Run:
    """The last run of both scales, as `last_result` would find it."""

    def __init__(self) -> None:
        self.verdicts = {
            "default": {"a, p = .5": REPRODUCED, "b": DIRECTION, "c": NOT_REPRODUCED},
            "smoke": {"a, p = .5": NOT_TESTABLE},
        }

    def result(self, scale: str) -> Any:
        found = type("Result", (), {})()
        found.scale = scale
        found.claims = [claim(*item) for item in self.verdicts[scale].items()]
        return found


@pytest.fixture
def run(tmp_path, monkeypatch) -> Run:
    monkeypatch.setattr("helpers.paths.DATA", tmp_path)
    found = Run()
    monkeypatch.setattr(blessing, "make_job", lambda spec, scale: scale)
    monkeypatch.setattr(blessing, "run_scales", lambda spec: list(spec.scales))
    monkeypatch.setattr(blessing, "last_result", found.result)
    monkeypatch.setattr(blessing, "up_to_date", lambda job: None)
    return found


def stored(tmp_path) -> dict[str, Any]:
    return json.loads((tmp_path / "expected" / f"{NAME}.json").read_text())


def lowered(why: str = "seed 100", **more: str):
    return bless(Spec, why, ["default"], {"a, p = .5": DIRECTION, **more})


def test_a_lowered_verdict_is_expected_with_its_reason(run, tmp_path) -> None:
    changes = {change.claim: change for change in lowered()}
    assert changes["a, p = .5"].new == DIRECTION
    assert changes["a, p = .5"].run == REPRODUCED
    assert changes["b"].run is None
    assert expected_verdicts(NAME, "default") == {
        "a, p = .5": DIRECTION,
        "b": DIRECTION,
        "c": NOT_REPRODUCED,
    }
    content = stored(tmp_path)
    assert content["lowered"] == {"default": {"a, p = .5": DIRECTION}}
    (entry,) = content["history"]
    assert entry["why"] == "seed 100"
    assert entry["below the run"] == {"a, p = .5": [REPRODUCED, DIRECTION]}


def test_it_stays_below_until_the_run_s_own_verdict_is_named(run, tmp_path) -> None:
    lowered()
    bless(Spec, "new text")
    assert expected_verdicts(NAME, "default")["a, p = .5"] == DIRECTION
    assert expected_verdicts(NAME, "smoke") == {"a, p = .5": NOT_TESTABLE}
    assert len(stored(tmp_path)["history"]) == 2  # nothing changed at default
    bless(Spec, "more seeds", ["default"], {"a, p = .5": REPRODUCED})
    assert expected_verdicts(NAME, "default")["a, p = .5"] == REPRODUCED
    assert "lowered" not in stored(tmp_path)
    assert stored(tmp_path)["history"][-1]["changes"] == {
        "a, p = .5": [DIRECTION, REPRODUCED]
    }


def test_a_run_that_is_as_low_ends_it(run, tmp_path) -> None:
    lowered(b=NOT_REPRODUCED)
    run.verdicts["default"] = {"a, p = .5": NOT_REPRODUCED, "d": REPRODUCED}
    bless(Spec, "other data", ["default"])
    assert stored(tmp_path)["verdicts"]["default"] == run.verdicts["default"]
    assert "lowered" not in stored(tmp_path)


def test_a_reason_for_what_is_expected_already_is_kept(run, tmp_path) -> None:
    """As where a file was once edited by hand."""
    path = tmp_path / "expected" / f"{NAME}.json"
    path.parent.mkdir()
    verdicts = {**run.verdicts["default"], "a, p = .5": DIRECTION}
    path.write_text(json.dumps({"verdicts": {"default": verdicts}, "history": []}))
    lowered("as it was")
    (entry,) = stored(tmp_path)["history"]
    assert entry["changes"] == {} and entry["below the run"]


@pytest.mark.parametrize(
    ("claim", "verdict", "message"),
    [
        ("a, p = .6", DIRECTION, "did you mean 'a, p = .5'?"),
        ("b", REPRODUCED, "allowed: not reproduced, direction only"),
        ("b", NOT_TESTABLE, "allowed: not reproduced, direction only"),
    ],
)
def test_what_cannot_be_lowered(run, tmp_path, claim, verdict, message) -> None:
    with pytest.raises(ParameterError) as error:
        bless(Spec, "x", ["default"], {claim: verdict})
    assert message in str(error.value)
    assert not (tmp_path / "expected").exists()


def test_it_needs_one_scale_and_a_reason(run) -> None:
    for scales in (None, ["default", "smoke"]):
        with pytest.raises(ParameterError, match="one --scale"):
            bless(Spec, "x", scales, {"b": NOT_REPRODUCED})
    with pytest.raises(ParameterError, match="--why"):
        bless(Spec, " ", ["default"], {"b": NOT_REPRODUCED})
    with pytest.raises(ParameterError, match="allowed: nothing"):
        bless(Spec, "x", ["smoke"], {"a, p = .5": NOT_REPRODUCED})


def test_words_of_the_command() -> None:
    assert parse_lower(["a, p = .5 - b=direction only", "c = not reproduced"]) == {
        "a, p = .5 - b": DIRECTION,
        "c": NOT_REPRODUCED,
    }
    for words, message in [
        (["a"], "not of the form CLAIM=VERDICT"),
        (["=direction only"], "not of the form"),
        (["a=direction"], "did you mean 'direction only'?"),
        (["a=direction only", "a=not reproduced"], "lowered twice"),
    ]:
        with pytest.raises(ParameterError) as error:
            parse_lower(words)
        assert message in str(error.value)
