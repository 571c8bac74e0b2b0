"""Samples of other tools, read as they are."""

import gzip
import json
from collections import Counter

import pytest

from helpers.adaptive_temperature.problems import Problem
from helpers.adaptive_temperature.samples import Samples, read_samples, write_samples

TASKS = ("Tiny_Set/0", "Tiny_Set/1", "Tiny_Set/10")
PROBLEMS = [
    Problem(task, "def f():\n", "f", "def check(candidate): ...") for task in TASKS
]
TEXTS = {
    "Tiny_Set/0": ("    return 0\n", "    return '\u2028'\n"),
    "Tiny_Set/1": ("    return 1\n", "    return 1\n"),
    "Tiny_Set/10": ("", "    # \udc80\n"),
}


@pytest.mark.parametrize("name", ["samples.jsonl", "samples.jsonl.gz"])
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_written_is_read(tmp_path, name, whole):
    path = tmp_path / name
    write_samples(path, TEXTS, whole=whole)
    found = read_samples(path, PROBLEMS)
    assert found == Samples(TEXTS, whole)
    write_samples(tmp_path / "again.jsonl", found)
    assert read_samples(tmp_path / "again.jsonl", PROBLEMS) == found
    content = path.read_bytes()
    unpacked = gzip.decompress(content) if name.endswith("gz") else content
    first = json.loads(unpacked.splitlines()[0])
    field = "solution" if whole else "completion"
    assert first == {"task_id": TASKS[0], field: TEXTS[TASKS[0]][0]}


def test_counters_are_written_out(tmp_path):
    path = tmp_path / "s.jsonl"
    write_samples(path, {"Tiny_Set/0": Counter(a=2, b=1)})
    assert read_samples(path, PROBLEMS).texts == {"Tiny_Set/0": ("a", "a", "b")}


def test_blanks_and_extra_fields_as_in_the_authors_file(tmp_path):
    path = tmp_path / "s.jsonl"
    line = (
        '{"task_id": "Tiny_Set/1", "prompt": "p", "completion": "x", "language": "py"}'
    )
    path.write_text(f"{line}\n    {line}\n\n    ")
    found = read_samples(path, PROBLEMS)
    assert found.texts == {"Tiny_Set/1": ("x", "x")} and not found.whole
    assert found.missing == ("Tiny_Set/0", "Tiny_Set/10")
    assert found.report() == (
        "1 problem, 2 samples (2 each), 1 repeat, 2 problems without samples"
    )


@pytest.mark.parametrize("damage", ["cut", "flipped", "no gzip", "checksum"])
def test_a_damaged_packed_file_is_named(tmp_path, damage):
    path = tmp_path / "s.jsonl.gz"
    write_samples(path, TEXTS)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[:-12]
    elif damage == "flipped":
        content[10] ^= 0xFF  # first byte of the packed data
    elif damage == "checksum":
        content[-8] ^= 0xFF
    else:
        content[0] = 0
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"s\.jsonl\.gz:\d+: "):
        read_samples(path, PROBLEMS)


def test_bigcode_lists(tmp_path):
    path = tmp_path / "generations.json"
    path.write_text(json.dumps([["a", "b"], ["c"], ["d", "d", "d"]]))
    found = read_samples(path, PROBLEMS)
    assert found.texts == {
        "Tiny_Set/0": ("a", "b"),
        "Tiny_Set/1": ("c",),
        "Tiny_Set/10": ("d", "d", "d"),
    }
    assert found.whole and found.repeats == 2
    assert found.report() == "3 problems, 6 samples (1 to 3 each), 2 repeats"


def test_evalplus_folders(tmp_path):
    for name, number, text in [
        ("Tiny_Set_0", 10, "ten"),
        ("Tiny_Set_0", 9, "nine"),
        ("Tiny_Set_10", 0, "a\r\nb"),
    ]:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / f"{number}.py").write_bytes(text.encode())
    (tmp_path / "eval_results.json").write_text("{}")
    found = read_samples(tmp_path, PROBLEMS)
    assert found.texts == {"Tiny_Set/0": ("nine", "ten"), "Tiny_Set/10": ("a\r\nb",)}
    assert found.whole


def test_unknown_ids_are_reported(tmp_path):
    path = tmp_path / "s.jsonl"
    write_samples(path, {"Tiny_Set/0": ["x"], "TinySet/1": ["y", "z"]})
    with pytest.raises(ValueError, match=r"s\.jsonl:2.*did you mean 'Tiny_Set/1'"):
        read_samples(path, PROBLEMS)
    found = read_samples(path, PROBLEMS, skip_unknown=True)
    assert found.unknown == {"TinySet/1": 2} and list(found.texts) == ["Tiny_Set/0"]
    assert "1 unknown id (TinySet/1 ...)" in found.report()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"task_id": "Tiny_Set/0", "completion": 3}',
            r"s\.jsonl:1: field 'completion'",
        ),
        ('{"task_id": "Tiny_Set/0"}', r"1: field 'completion' is missing"),
        ('\n{"completion": "x"}', r"s\.jsonl:2: field 'task_id' is missing"),
        ('{"task_id": "Tiny_Set/0", "comp', r"s\.jsonl:1: "),
        ("[1]", r"s\.jsonl:1: holds a list"),
        ("", "holds no sample of the 3 problems"),
        ("\xff", r"s\.jsonl:1: "),
        (
            '{"task_id": "Tiny_Set/0", "completion": "x"}\n'
            '{"task_id": "Tiny_Set/0", "solution": "x"}',
            r"s\.jsonl:2 has 'solution' where the lines before have 'completion'",
        ),
    ],
)
def test_broken_lines_name_their_place(tmp_path, content, message):
    path = tmp_path / "s.jsonl"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match=message):
        read_samples(path, PROBLEMS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([["a"], ["b"]], "holds a list of 2; allowed: a list of 3 lists"),
        ({"a": 1}, "holds a dict"),
        ([["a"], "b", ["c"]], "Tiny_Set/1: allowed is a list of texts"),
    ],
)
def test_broken_lists(tmp_path, content, message):
    path = tmp_path / "g.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        read_samples(path, PROBLEMS)


def test_nothing_there_or_half_of_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no file"):
        read_samples(tmp_path / "s.jsonl", PROBLEMS)
    write_samples(tmp_path / "s.jsonl.gz", TEXTS)
    whole = (tmp_path / "s.jsonl.gz").read_bytes()
    (tmp_path / "s.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"s\.jsonl\.gz:"):
        read_samples(tmp_path / "s.jsonl.gz", PROBLEMS)
