"""GLUE files in their original columns, and the benchmark's scores."""

import numpy as np
import pandas as pd
import pytest

from helpers.lora_dropout.glue import RECIPES, glue_scores, load_glue, task_name
from helpers.paths import user_data

HEADERS = {
    "SST-2": "sentence\tlabel",
    "MRPC": "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String",
    "STS-B": "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\t"
    "sentence1\tsentence2\tscore",
    "QQP": "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
    "MNLI": "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\t"
    "sentence2_binary_parse\tsentence1_parse\tsentence2_parse\tsentence1\tsentence2\t"
    "label1\tgold_label",
    "QNLI": "index\tquestion\tsentence\tlabel",
    "RTE": "index\tsentence1\tsentence2\tlabel",
}
ROWS = {
    "CoLA": ['gj04\t1\t\tHe said "no.', "cj99\t0\t*\tMuch he said."],
    "SST-2": ["fine fun \t1", 'a "bore\t0'],
    "MRPC": ["1\t7\t8\tA ran .\tA did run .", "0\t7\t9\tA ran .\tB sat ."],
    "STS-B": ["0\tg\tf\t2012\t1\tx\ty\tA ran.\tB ran.\t2.500"] * 2,
    "QQP": ["0\t1\t2\tWhy?\tWhy not?\t0", "1\t3\t4\tWhere?\tIn what place?\t1"],
    "MNLI": ["0\tp\tq\tg\t(\t(\t(\t(\tA ran.\tB ran.\tneutral\tneutral"] * 2,
    "QNLI": ["0\tWho?\tNobody.\tnot_entailment", "1\tWho?\tHim.\tentailment"],
    "RTE": ["0\tA ran.\tA moved.\tentailment", "1\tA ran.\tB.\tnot_entailment"],
}
EXPECTED = {
    "CoLA": ('He said "no.', [1, 0]),
    "SST-2": ("fine fun ", [1, 0]),
    "MRPC": (("A ran .", "A did run ."), [1, 0]),
    "STS-B": (("A ran.", "B ran."), [2.5, 2.5]),
    "QQP": (("Why?", "Why not?"), [0, 1]),
    "MNLI": (("A ran.", "B ran."), [1, 1]),
    "QNLI": (("Who?", "Nobody."), [1, 0]),
    "RTE": (("A ran.", "A moved."), [0, 1]),
}


def write(folder, name, rows, header=None):
    header = HEADERS.get(name) if header is None else header
    lines = [*([header] if header else []), *rows]
    (folder / name).mkdir(exist_ok=True)
    for file in ("train.tsv", RECIPES[name].dev):
        (folder / name / file).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize("name", RECIPES)
def test_original_columns(tmp_path, name):
    write(tmp_path, name, ROWS[name])
    task = load_glue(name, tmp_path)
    text, labels = EXPECTED[name]
    for split in (task.train, task.dev):
        assert split.texts[0] == text and split.labels.tolist() == labels
        assert len(split) == 2 and split.skipped == 0
    assert task.metric in glue_scores(name, np.array([0, 1]), np.array([0, 1]))
    assert split.labels.dtype == (np.float64 if name == "STS-B" else np.int64)


def test_a_few_broken_rows_are_counted(tmp_path):
    write(tmp_path, "QQP", ROWS["QQP"] * 100 + ["5\t6\thalf a row", "9\t9\t9\ta\tb\t?"])
    assert load_glue("QQP", tmp_path).train.skipped == 2


def test_many_broken_rows_are_an_error(tmp_path):
    write(tmp_path, "RTE", [*ROWS["RTE"], "2\tA ran.\tB.\tmaybe"])
    with pytest.raises(ValueError, match=r"1 of 3 rows are broken.*entailment"):
        load_glue("RTE", tmp_path)


def test_carriage_return_in_a_text_ends_no_row(tmp_path):
    write(tmp_path, "RTE", ["0\tA\rran.\tA moved.\tentailment\r"])
    assert load_glue("RTE", tmp_path).train.texts == (("A\rran.", "A moved."),)


def test_missing_column_is_named(tmp_path):
    write(tmp_path, "RTE", ROWS["RTE"], header="index\tpremise\tsentence2\tlabel")
    with pytest.raises(ValueError, match="no column 'sentence1'; it has index, prem"):
        load_glue("RTE", tmp_path)


def test_missing_places(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match=r"no file .*RTE.train\.tsv"):
        load_glue("RTE", tmp_path)
    monkeypatch.delenv("CURRICULUM_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match=r"no glue in .*curriculum fetch"):
        load_glue("rte")
    monkeypatch.setenv("CURRICULUM_DATA", str(tmp_path))
    (tmp_path / "glue").mkdir()
    write(tmp_path / "glue", "RTE", ROWS["RTE"])
    assert len(load_glue("rte").dev) == 2


def test_names():
    assert [task_name(n) for n in ("stsb", "STS-B", "sst_2")] == [
        "STS-B",
        "STS-B",
        "SST-2",
    ]
    with pytest.raises(ValueError, match="unknown GLUE task 'MLNI'; did you mean 'MNL"):
        load_glue("MLNI")


@pytest.mark.parametrize(
    ("name", "dev", "fields"),
    [
        ("CoLA", "validation", ("sentence",)),
        ("MRPC", "validation", ("sentence1", "sentence2")),
        ("QQP", "validation", ("question1", "question2")),
        ("QNLI", "validation", ("question", "sentence")),
        ("MNLI", "validation_matched", ("sentence1", "sentence2")),
    ],
)
def test_the_hubs_tables(tmp_path, name, dev, fields):
    folder = tmp_path / RECIPES[name].config
    folder.mkdir()
    table = pd.DataFrame({**{f: [f, "b"] for f in fields}, "label": [1, 0], "idx": 7})
    for split in ("train", dev):
        table.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    task = load_glue(name, tmp_path)
    first = fields[0] if len(fields) == 1 else fields
    assert task.dev.texts[0] == first and task.dev.labels.tolist() == [1, 0]
    (folder / f"{dev}-00000-of-00001.parquet").write_text("no table")
    with pytest.raises(ValueError, match="is no table"):
        load_glue(name, tmp_path)
    (folder / f"{dev}-00000-of-00001.parquet").unlink()
    with pytest.raises(FileNotFoundError, match=dev):
        load_glue(name, tmp_path)


def test_scores_by_hand():
    truth, guess = np.array([1, 1, 1, 0, 0]), np.array([1, 1, 0, 0, 1])
    assert glue_scores("RTE", guess, truth) == {"accuracy": 0.6}
    matthews = (2 * 1 - 1 * 1) / np.sqrt(3 * 3 * 2 * 2)
    assert glue_scores("CoLA", guess, truth)["matthews"] == pytest.approx(matthews)
    assert glue_scores("MRPC", guess, truth)["f1"] == pytest.approx(2 / 3)
    found = glue_scores("STS-B", np.array([1.0, 2, 9]), np.array([1.0, 2, 3]))
    pearson = np.corrcoef([1, 2, 9], [1, 2, 3])[0, 1]
    assert found == pytest.approx(
        {"pearson": pearson, "spearman": 1, "correlation": (1 + pearson) / 2}
    )


def test_constant_predictions_score_nothing():
    truth = np.array([0, 1, 1])
    assert glue_scores("CoLA", np.ones(3, int), truth)["matthews"] == 0
    assert glue_scores("QQP", np.zeros(3, int), truth)["f1"] == 0
    assert glue_scores("STS-B", np.ones(3), truth)["correlation"] == 0


def test_logits_are_no_predictions():
    with pytest.raises(ValueError, match="class numbers"):
        glue_scores("RTE", np.zeros((3, 2)), np.zeros(3))


@pytest.mark.parametrize(
    ("name", "train", "dev", "majority"),
    [("CoLA", 8551, 1043, 0.691), ("RTE", 2490, 277, 0.527)],
)
def test_real_files(name, train, dev, majority):
    folder = user_data()
    if folder is None or not (folder / "glue" / name).is_dir():
        pytest.skip(f"set CURRICULUM_DATA to a folder with glue/{name}/train.tsv")
    task = load_glue(name)
    # one copy in circulation lacks a line of RTE
    assert 0 <= train - len(task.train) <= 1 and len(task.dev) == dev
    assert task.train.skipped == task.dev.skipped == 0
    found = max(np.bincount(task.dev.labels)) / dev
    assert found == pytest.approx(majority, abs=0.001)
