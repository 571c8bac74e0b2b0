"""Fetching: from servers and from a mirror, checked, resumed, and never twice."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, errors
from typer.testing import CliRunner, Result

from helpers import assets, paths, scales
from helpers.assets import Asset, AssetError
from helpers.curriculum import fetch as fetching
from helpers.curriculum.cli import app
from helpers.curriculum.jobs import make_job
from helpers.curriculum.pool import hub_environment
from helpers.downloads import DownloadError
from helpers.parameters import ParameterError
from tests.loopback import COMMIT, NEWER, Site, serve

WEIGHTS = bytes(range(256)) * 900
MODEL = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"the same again",
    "tf_model.h5": b"and again",
}
TABLE = """
[[assets]]
id = "small"
kind = "model"
source = "org/small"
licence = "MIT"
access = "https://huggingface.co/org/small"
used_by = "tests"
mib = 1

[[assets]]
id = "numbers"
kind = "files"
source = "here"
licence = "none"
used_by = "tests"
files = [
    {{ name = "a.bin", url = "{url}/a.bin", bytes = 5000, sha256 = "{sha}" }},
    {{ name = "b.zip", url = "{url}/b.zip", unpack = true }},
]
"""


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    files = {"a.bin": WEIGHTS[:5000], "b.zip": zipped(in__x=b"x", y=b"y")}
    with serve(Site(files, {"org/small": dict(MODEL)})) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


@pytest.fixture
def fetch(
    site: Site, project: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    sha = hashlib.sha256(site.files["a.bin"]).hexdigest()
    project.add("01_first", "x = 1", table=TABLE.format(url=site.url, sha=sha))
    monkeypatch.setattr(scales, "NOTEBOOKS", project.root / "notebooks")
    return lambda *words: CliRunner().invoke(app, ["fetch", *words])


def test_everything_comes_once_and_is_locked(
    site: Site, fetch: Callable[..., Result], project: Any
) -> None:
    outcome = fetch("01")
    assert outcome.exit_code == 0, outcome.output
    store = paths.store()
    found = {p.relative_to(store).as_posix() for p in store.rglob("*") if p.is_file()}
    kept = {"small/config.json", "small/model.safetensors", "numbers/a.bin"}
    assert found - {".checked.json"} == {
        *kept,
        "numbers/in/x",
        "numbers/y",
        "assets.lock.json",
    }
    entry = assets.lock_of(store)["small"]
    assert entry.revision == COMMIT
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert entry.files["model.safetensors"].sha256 == digest
    assert assets.stored("org/small") == assets.stored("small") == store / "small"
    served = dict(site.served)
    again = fetch()
    assert again.output == "small: there\nnumbers: there\n"
    assert site.served == served


def test_a_cut_repository_goes_on_where_it_was(
    site: Site, fetch: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    site.cut = 100_000
    del site.repositories["org/small"]["config.json"]
    outcome = fetch("01")
    if outcome.exit_code:  # the hub's library may try again by itself
        outcome = fetch("01")
    assert outcome.exit_code == 0, outcome.output
    (name,) = (n for n in site.served if n.endswith("model.safetensors"))
    assert site.served[name] == len(WEIGHTS)


def test_a_branch_that_moves_is_not_followed(
    site: Site, fetch: Callable[..., Result]
) -> None:
    assert fetch().exit_code == 0
    site.newer["org/small"] = {"config.json": b"{1}"}
    lock = (paths.store() / assets.LOCK).read_text()
    paths.write_atomic(paths.DATA / assets.LOCK, lock)
    other, third = paths.ROOT / "other", paths.ROOT / "third"
    assert fetch("--to", str(other)).exit_code == 0
    assert assets.lock_of(other) == assets.lock_of(paths.store())
    (paths.DATA / assets.LOCK).unlink()
    assert fetch("--to", str(third)).exit_code == 0
    assert assets.lock_of(third)["small"].revision == NEWER
    paths.write_atomic(paths.DATA / assets.LOCK, lock)
    outcome = fetch("--from", str(third), "--to", str(paths.ROOT / "fourth"))
    assert "has other files than the lock" in outcome.output


def test_a_commit_that_changed_is_refused(
    site: Site, fetch: Callable[..., Result]
) -> None:
    assert fetch().exit_code == 0
    site.repositories["org/small"]["config.json"] = b"{1}"
    (paths.store() / "small" / "config.json").unlink()
    assert "config.json has the sha256" in fetch().output
    with pytest.raises(AssetError, match="is missing"):
        assets.stored("small")


def test_a_paper_run_is_offline_once_all_is_fetched(
    site: Site, fetch: Callable[..., Result], project: Any
) -> None:
    sha = hashlib.sha256(site.files["a.bin"]).hexdigest()
    table = "[scales.paper]\nseeds = 1\nseconds = 9\nmemory_mib = 9\ninternet = true\n"
    table += TABLE.format(url=site.url, sha=sha)
    project.add("01_first", table=table)
    job = make_job(scales.find_spec("01", project.root / "notebooks"), "paper")
    before = job.key
    assert hub_environment(job) == {}
    assert fetch("01").exit_code == 0
    assert hub_environment(job) == {"HF_HUB_OFFLINE": "1"}
    assert make_job(job.spec, "paper").key != before
    assert hub_environment(make_job(job.spec, "smoke")) == {}


def test_damage_is_seen_by_readers_and_repaired(
    site: Site, fetch: Callable[..., Result]
) -> None:
    assert fetch().exit_code == 0
    path = paths.store() / "small" / "model.safetensors"
    path.write_bytes(WEIGHTS[::-1])
    with pytest.raises(AssetError, match="another SHA-256"):
        assets.local("org/small")
    assert fetch().exit_code == 0
    assert path.read_bytes() == WEIGHTS
    path.unlink()
    with pytest.raises(AssetError, match="is missing"):
        assets.stored("small")
    assert assets.local("org/other") == "org/other"


def test_a_wrong_file_is_refused_and_the_rest_comes(
    site: Site, fetch: Callable[..., Result]
) -> None:
    site.files["a.bin"] = b"?" * 5000
    outcome = fetch()
    assert outcome.exit_code == 1
    assert "is not the file that was published" in outcome.output
    assert list(assets.lock_of(paths.store())) == ["small"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "accept the form at https://huggingface.co/org/small, then set HF_TOKEN"),
        (403, "accept the form at https://huggingface.co/org/small, then set HF_TOKEN"),
        (500, "the hub answered 500"),
    ],
)
def test_a_gated_repository_names_its_form_and_no_token(
    site: Site,
    fetch: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    message: str,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    site.refuse["org/small"] = status
    outcome = fetch()
    assert outcome.exit_code == 1
    assert message in outcome.output
    assert "hf_secret" not in outcome.output
    assert "Bearer hf_secret" in site.tokens
    assert list(assets.lock_of(paths.store())) == ["numbers"]


def test_a_form_may_be_asked_for_at_the_files_only(
    site: Site, fetch: Callable[..., Result]
) -> None:
    site.refuse["/resolve/"] = 403
    assert "accept the form at" in fetch().output
    assert "small" not in assets.lock_of(paths.store())
    del site.refuse["/resolve/"]
    assert fetch().exit_code == 0


def test_a_repository_that_is_not_there(
    site: Site, fetch: Callable[..., Result]
) -> None:
    del site.repositories["org/small"]
    assert "does not exist" in fetch().output


def test_a_commit_that_is_not_there_is_named(
    fetch: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch().exit_code == 0
    (paths.store() / "small" / "config.json").unlink()

    def refuse(*_: Any, **__: Any) -> None:
        kind = errors.RevisionNotFoundError
        raise kind.__new__(kind)

    monkeypatch.setattr("huggingface_hub.HfApi.repo_info", refuse)
    assert f"has no commit {COMMIT} (404)" in fetch().output


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "x"), "cannot be written to"),
        (OSError(28, "No space left on device"), "cannot be written to"),
        (ConnectionResetError(104, "Connection reset"), "the hub broke off"),
    ],
)
def test_a_disk_that_refuses_is_not_told_as_the_hub(
    fetch: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
    words: str,
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", refuse)
    (line,) = (w for w in fetch().output.splitlines() if w.startswith("small: FAILED"))
    assert words in line
    assert (str(paths.store() / "small") in line) == ("written" in words)


def test_files_that_cannot_be_written_are_told(
    fetch: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied", "numbers")

    monkeypatch.setattr(fetching, "_from_urls", refuse)
    outcome = fetch()
    assert outcome.exit_code == 1
    assert "numbers: FAILED: [Errno 13] Permission denied: 'numbers'" in outcome.output


def test_a_store_that_may_only_be_read_is_read(
    fetch: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch().exit_code == 0
    (paths.store() / ".checked.json").unlink(missing_ok=True)

    def refuse(*_: Any) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(assets, "write_atomic", refuse)
    assert assets.stored("small") == paths.store() / "small"


def test_a_mirror_needs_no_network(
    site: Site, fetch: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    mirror = paths.ROOT / "mirror"
    assert fetch("--to", str(mirror)).exit_code == 0
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    site.refuse[""] = 503
    served = dict(site.served)
    outcome = fetch("--from", str(mirror))
    assert outcome.exit_code == 0, outcome.output
    assert site.served == served
    assert assets.lock_of(paths.store()) == assets.lock_of(mirror)
    assert (paths.store() / "numbers" / "in" / "x").read_bytes() == b"x"


def test_a_mirror_that_lies(site: Site, fetch: Callable[..., Result]) -> None:
    mirror = paths.ROOT / "mirror"
    assert fetch("--to", str(mirror)).exit_code == 0
    (mirror / "small" / "config.json").write_text("[]")
    (mirror / "numbers" / "a.bin").unlink()
    outcome = fetch("--from", str(mirror))
    assert outcome.exit_code == 1
    assert "config.json is another file: sha256" in " ".join(outcome.output.split())
    assert "a.bin is missing" in outcome.output
    assert assets.lock_of(paths.store()) == {}
    forged = json.loads((mirror / assets.LOCK).read_text())
    forged["numbers"]["files"]["a.bin"]["sha256"] = "0" * 64
    (mirror / assets.LOCK).write_text(json.dumps(forged))
    assert "numbers: a.bin is another file" in fetch("--from", str(mirror)).output
    (mirror / assets.LOCK).unlink()
    assert "fill a mirror with" in fetch("--from", str(mirror)).output
    (mirror / assets.LOCK).write_text("[]")
    assert "is no lock" in fetch("--from", str(mirror)).output


def test_a_mirror_is_held_to_published_md5s(tmp_path: Path) -> None:
    file = {"name": "a", "url": "http://x/a", "md5": "0" * 32}
    about = {"kind": "files", "source": "x", "licence": "x", "used_by": "x"}
    asset = Asset.model_validate({"id": "n", "files": [file], **about})
    mirror = tmp_path / "mirror"
    (mirror / "n").mkdir(parents=True)
    (mirror / "n" / "a").write_text("a")
    hashes = {"a": assets.file_hash(mirror / "n" / "a")}
    entry = assets.Locked(source="x", folder="n", files=hashes)
    assets.lock_asset(mirror, "n", entry)
    wanted = fetching.look_up(asset, tmp_path / "store", mirror)
    with pytest.raises(DownloadError, match="is another file: md5"):
        fetching.fetch(wanted, tmp_path / "store", mirror)


def test_a_full_disk_is_seen_before_anything_starts(
    site: Site, fetch: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda place: usage)
    outcome = fetch()
    assert isinstance(outcome.exception, ParameterError)
    assert "nothing was started: 0 MiB are to come" in str(outcome.exception)
    assert site.served == {}


def test_a_dry_run_asks_nobody(site: Site, fetch: Callable[..., Result]) -> None:
    outcome = fetch("--dry-run")
    assert "small: about 1 MiB, org/small, not pinned until fetched" in outcome.output
    assert site.tokens == []


@pytest.mark.parametrize("content", [b"no zip", zipped(**{"..__x": b"x"})])
def test_archives_are_not_trusted(
    site: Site, fetch: Callable[..., Result], content: bytes
) -> None:
    site.files["b.zip"] = content
    assert "numbers: FAILED: b.zip" in fetch().output
    assert not (paths.store() / "x").exists()


def test_bad_names_and_tables(fetch: Callable[..., Result], project: Any) -> None:
    for words, message in (
        (["frist"], "did you mean 'first'"),
        (["--from", "nowhere"], "no folder"),
        (["--to", __file__], "test_fetch.py is no folder; allowed: --to a folder"),
    ):
        assert message in str(fetch(*words).exception)
    bad = TABLE.replace("a.bin", "../a.bin").format(url="http://x", sha="0" * 64)
    project.add("02_second", table=bad)
    with pytest.raises(ParameterError, match="no relative path"):
        scales.find_spec("02")
    table = TABLE.format(url="http://x", sha="0" * 64).replace(
        "mib", "parameters=['gama']#"
    )
    project.add("02_second", table=table)
    with pytest.raises(ParameterError, match="did you mean 'gamma'"):
        scales.find_spec("02")


def test_the_real_tables_pin_what_is_public() -> None:
    for spec in scales.all_specs():
        for asset in spec.assets:
            if asset.kind != "files":
                assert asset.revision, asset.id
