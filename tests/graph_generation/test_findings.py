"""The table of findings says what the recomputations give."""

from __future__ import annotations

from helpers.graph_generation.findings import findings


def test_every_answer_has_its_numbers() -> None:
    table = findings().set_index("question")["answer"]
    assert table.str.len().max() < 160
    for question, words in {
        "How many replies are behind a cell?": ("30 and 15", "31 of 36"),
        "Which error bars are printed?": ("34 of 34", "sample SD 2"),
        "When are two graphs the same?": ("40 of 40", "92 %", "7 %"),
        "Unique among which graphs?": ("5 cells", "71 to 89 %"),
        "Which bipartite graphs are asked for?": ("4.4, 5.0, 1.7 and 1.1", "9.65"),
        "Better than random graphs?": ("of 51 cells",),
        "Are larger graphs harder?": ("2 of 12", "9 are downwards"),
        "Which p is stated?": ("0.6", "7 cells of 36"),
    }.items():
        for word in words:
            assert word in table[question], table[question]
