"""The paper's fine-tunings by their data: Table 1 (GLUE), 2 (SQuAD) and 3 (Alpaca)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.lora_dropout.paper_glue import GlueResult, fine_tune_glue
from helpers.lora_dropout.paper_instructions import (
    InstructionResult,
    fine_tune_instructions,
)
from helpers.lora_dropout.paper_recipes import Adaptation
from helpers.lora_dropout.paper_squad import SquadResult, fine_tune_squad
from helpers.names import unknown_name

SQUAD = ("SQuAD v1.1", "SQuAD v2.0")
PAPER_DATA = ("GLUE", *SQUAD, "Alpaca")


def fine_tune(
    data: str,
    chosen: Adaptation,
    *,
    work: str | Path,
    model: str | Path | None = None,
    glue_task: str = "RTE",
    glue_folder: str | Path | None = None,
    **options: Any,
) -> GlueResult | SquadResult | InstructionResult:
    """Train once as one of the paper's tables does; resumed as the functions it calls.

    Parameters
    ----------
    data : {"GLUE", "SQuAD v1.1", "SQuAD v2.0", "Alpaca"}
    chosen : Adaptation
    work : path
        Folder of this run.
    model : str or path, optional
        The paper's for these data unless given: DeBERTaV3-base, or LLaMA2-7B.
    glue_task, glue_folder : str, path
        For GLUE alone.
    **options
        Of `fine_tune_glue`, `fine_tune_squad` or `fine_tune_instructions`.

    Raises
    ------
    ValueError
        For unknown data, and as the function that is called.
    FileNotFoundError
        If the data are missing.
    """
    if data not in PAPER_DATA:
        raise unknown_name("data", data, PAPER_DATA)
    options = options | {"work": work} | ({} if model is None else {"model": model})
    if data == "GLUE":
        return fine_tune_glue(glue_task, chosen, folder=glue_folder, **options)
    if data in SQUAD:
        return fine_tune_squad(data, chosen, **options)
    return fine_tune_instructions(chosen, **options)
