"""Rows survive interruptions and each other."""

import gzip
import threading

import pytest

from helpers.row_log import RowLog, rows


def test_rows_are_on_disk_at_once_and_in_order(tmp_path):
    path = tmp_path / "new" / "log.jsonl"
    with RowLog(path) as log:
        for number in range(3):
            log.add({"n": number, "text": "two\nlines \u2028 \udc80"})
            assert len(list(rows(path))) == number + 1
    assert [row["n"] for row in rows(path)] == [0, 1, 2]
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize("torn", [b'{"n": 1', b"\xff\x00", b"3", b"[1]", b'"n"'])
def test_what_is_no_row_is_passed_over_wherever_it_is(tmp_path, torn):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"n": 0}\n' + torn)
    assert list(rows(path)) == [{"n": 0}]
    for number in (1, 2):
        with RowLog(path) as log:
            log.add({"n": number})
    assert list(rows(path)) == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_writers_do_not_mix_their_lines(tmp_path):
    path = tmp_path / "log.jsonl"

    def write(name):
        with RowLog(path) as log:
            for number in range(200):
                log.add({"who": name * 5000, "n": number})

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(rows(path))) == 400


def test_a_packed_log_is_read(tmp_path):
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"n": 0}\n{"n": 1}\n'))
    assert len(list(rows(path))) == 2


def test_no_file_has_no_rows_and_is_not_made(tmp_path):
    assert list(rows(tmp_path / "log.jsonl")) == []
    assert not list(tmp_path.iterdir())


def test_a_log_that_cannot_be_written_is_an_error_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        RowLog(tmp_path / "file" / "log.jsonl")
    with RowLog(tmp_path / "log.jsonl") as log:
        pass
    with pytest.raises(ValueError, match="closed"):
        log.add({})
