"""What every run at paper scale needs: a device, and a folder of its own."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from helpers.assets import local
from helpers.names import unknown_name
from helpers.paths import write_atomic

PRECISIONS = ("fp32", "bf16")


def device_and_precision(device: str | None, precision: str | None) -> tuple[str, str]:
    """A GPU if there is one, and bfloat16 where a GPU has it, unless told otherwise.

    Raises
    ------
    ValueError
        If there is no such device or precision.
    """
    found = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if found not in ("cpu", "cuda"):
        raise unknown_name("device", found, ("cpu", "cuda"))
    if found == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but torch sees no GPU; allowed: 'cpu'")
    able = found == "cuda" and torch.cuda.is_bf16_supported()
    kind = precision or ("bf16" if able else "fp32")
    if kind not in PRECISIONS:
        raise unknown_name("precision", kind, PRECISIONS)
    return found, kind


def read_result(work: Path) -> dict[str, Any] | None:
    """What a run wrote when it ended; None before."""
    path = work / "result.json"
    return json.loads(path.read_text()) if path.exists() else None


def write_result(work: Path, result: dict[str, Any]) -> None:
    """Write ``result.json``, whole or not at all."""
    write_atomic(work / "result.json", json.dumps(result, indent=2))


def peak_gigabytes(device: str) -> float | None:
    """Most memory that torch had on the GPU so far; None on a CPU."""
    return torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else None


def pretrained_tokenizer(model: str | Path) -> PreTrainedTokenizerBase:
    """Tokenizer of a model on the hub or in a folder.

    Raises
    ------
    ModuleNotFoundError
        If it cannot be read, and the package that DeBERTa's needs is missing.
    """
    try:
        return AutoTokenizer.from_pretrained(local(model))
    except (ImportError, ValueError) as error:
        if importlib.util.find_spec("sentencepiece") is not None:
            raise
        raise ModuleNotFoundError(
            f"the tokenizer of {model} cannot be read ({str(error).splitlines()[0]}); "
            "DeBERTa's needs the package sentencepiece: pip install 'reprise[llm]'"
        ) from error
