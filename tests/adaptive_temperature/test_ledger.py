"""Verdicts survive an interruption, and nothing else does."""

import threading

import pytest

from helpers.adaptive_temperature.ledger import Ledger, digest
from helpers.sandbox.verdicts import Outcome, Verdict

PASS = Outcome(Verdict.PASS, "", 0.25)
EXC = Outcome(Verdict.EXC, "NameError", 0.5)


def test_what_is_added_is_there_the_next_time(tmp_path):
    path = tmp_path / "new" / "ledger.jsonl"
    with Ledger(path) as ledger:
        ledger.add("a", PASS)
        ledger.add("b", EXC)
        assert "a" in ledger and "c" not in ledger and len(ledger) == 2
    with Ledger(path) as ledger:
        assert (ledger["a"], ledger["b"]) == (PASS, EXC)


def test_every_verdict_is_on_disk_at_once(tmp_path):
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as first:
        first.add("a", PASS)
        with Ledger(path) as second:
            assert second["a"] == PASS


@pytest.mark.parametrize(
    "torn", [b'{"key": "b", "verd', b"\xff\x00", b"3", b'{"key":1}']
)
def test_a_torn_line_is_passed_over(tmp_path, torn):
    path = tmp_path / "ledger.jsonl"
    with Ledger(path) as ledger:
        ledger.add("a", PASS)
    path.write_bytes(path.read_bytes() + torn)
    with Ledger(path) as ledger:
        assert len(ledger) == 1
        ledger.add("c", EXC)
    with Ledger(path) as ledger:
        assert (ledger["a"], ledger["c"], len(ledger)) == (PASS, EXC, 2)


def test_a_verdict_of_an_unknown_name_is_not_taken(tmp_path):
    path = tmp_path / "ledger.jsonl"
    path.write_text('{"key": "a", "verdict": "FINE", "detail": "", "seconds": 1}\n')
    with Ledger(path) as ledger:
        assert len(ledger) == 0


def test_two_writers_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "ledger.jsonl"

    def write(name):
        with Ledger(path) as ledger:
            for number in range(200):
                ledger.add(f"{name}{number}", Outcome(Verdict.EXC, name * 500))

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Ledger(path) as ledger:
        assert len(ledger) == 400


def test_without_a_path_nothing_is_written():
    with Ledger(None) as ledger:
        ledger.add("a", PASS)
        assert ledger["a"] == PASS


def test_digests_tell_parts_apart():
    parts = [("ab",), ("a", "b"), ("", "ab"), ("ab", ""), ("a\udc80",), ("a",), ()]
    assert len({digest(*each) for each in parts}) == len(parts)
    assert digest("a", "b") == digest("a", "b") and len(digest()) == 32
