"""Which small decoder a folder holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpers.graph_generation import smiles_training, training
from helpers.graph_generation.asking import small_model
from helpers.graph_generation.decoder import GraphDecoder
from helpers.llm.local import LocalModel


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [
        (smiles_training.FOLDER, "copy", LocalModel),
        (training.CHECKPOINTS / "rules-small", "molecules", GraphDecoder),
    ],
)
def test_the_card_tells_and_not_the_name(
    tmp_path: Path, source: Path, name: str, kind: type
) -> None:
    folder = shutil.copytree(source, tmp_path / name)
    assert isinstance(small_model(folder), kind)
    if kind is LocalModel:
        with pytest.raises(ValueError, match="one of graphs"):
            small_model(folder, grammar=True)


def test_a_folder_without_a_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no checkpoint"):
        small_model(tmp_path)
