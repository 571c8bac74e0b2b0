import pytest

from helpers.tiny_lm.python_corpus import SourceFile, python_corpus, token_row
from helpers.tiny_lm.tokenizers import bpe_tokenizer

BODY = "value = 1\n" * 30


@pytest.fixture
def library(tmp_path):
    def write(name, text=BODY):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    for name in ("b.py", "a/z.py", "a/_x.py", "testing.py"):
        write(name)
    for name in (
        *("test/b.py", "a/tests/b.py", "site-packages/c/d.py", "encodings/e.py"),
        *("config-3.12-linux/f.py", "_sysconfigdata_linux.py", "__pycache__/g.py"),
    ):
        write(name)
    write("small.py", "x = 1\n")
    write("latin.py", ("# é\n" * 60).encode("latin-1"))
    write("readme.txt")
    return write, tmp_path


def test_what_is_read_and_what_is_left_out(library):
    names = [file.name for file in python_corpus(library[1]).files]
    assert names == ["a/_x.py", "a/z.py", "b.py", "testing.py"]


def test_digest_follows_names_and_texts_but_not_line_ends(library):
    write, folder = library
    first = python_corpus(folder).digest
    assert python_corpus(folder).digest == first
    write("b.py", BODY.replace("\n", "\r\n"))
    assert python_corpus(folder).digest == first
    write("b.py", BODY + "#\n")
    assert python_corpus(folder).digest != first
    write("b.py")
    (folder / "b.py").rename(folder / "c.py")
    assert python_corpus(folder).digest != first


def test_no_source_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="no Python source"):
        python_corpus(tmp_path)


def test_split_goes_by_name():
    held = [SourceFile(f"m{i}.py", "").held_out for i in range(3000)]
    assert abs(sum(held) / 3000 - 0.1) < 0.02
    assert SourceFile("gzip.py", "other text").held_out


def test_this_installations_library_is_large_enough():
    corpus = python_corpus()
    names = {file.name for file in corpus.files}
    assert {"ast.py", "json/encoder.py", "collections/__init__.py"} <= names
    assert not any(name.startswith(("test/", "site-packages/")) for name in names)
    assert set(corpus.train).isdisjoint(corpus.held_out)
    assert len(corpus.train) + len(corpus.held_out) == len(corpus.files) > 300
    assert sum(len(file.text) for file in corpus.train) > 5e6
    assert sum(len(file.text) for file in corpus.held_out) > 3e5


def test_token_row_separates_files():
    files = [SourceFile("a", "x = 1\n"), SourceFile("b", "y" * 600)]
    tokenizer = bpe_tokenizer(["x"], 260)
    row = token_row(tokenizer, files).tolist()
    texts = [tokenizer.decode(part) for part in split(row, 1)]
    assert texts == ["", "x = 1\n<eos>", "y" * 600 + "<eos>"]


def split(row, mark):
    parts = [[]]
    for token in row:
        if token == mark:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
