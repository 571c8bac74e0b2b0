r"""AdapT in vLLM, for both of its model runners, and one request at a time::

    LLM(model, logits_processors=["helpers.adaptive_temperature.vllm_adapter:AdapTV1"])
    SamplingParams(temperature=1.0, extra_args={"adapt_a": 0.8, "adapt_b": 0.3,
                                                "adapt_rule": "line-word"})

`AdapTV1` and `AdapTPerRequest` are for the first runner (``VLLM_USE_V2_MODEL_RUNNER=0``
where there are two), `AdapTV2` for the second. A server gets the class with
``--logits-processors`` and a request's values with ``vllm_xargs``; requests without
``adapt_a`` are left alone. vLLM is not installed with this package (Linux and a GPU:
``pip install vllm``); without it the classes can be imported and tested, not served.

vLLM divides by the request's temperature next to this, so that must be 1, or 0 for
greedy decoding, which AdapT does not change. Speculative decoding is refused: draft
tokens have rows of their own. The interfaces are young; these follow vLLM 0.15 (first
runner) and 0.32 (second).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from transformers import AutoTokenizer

from helpers.adaptive_temperature.request_temperatures import (
    Request,
    Settings,
    Tables,
    looked_back,
)
from helpers.adaptive_temperature.token_flags import TokenFlags

try:
    from vllm.v1.sample.logits_processor import (  # type: ignore[import-not-found]
        AdapterLogitsProcessor,
    )
    from vllm.v1.sample.logits_processor import LogitsProcessor as _V1
except ImportError:
    AdapterLogitsProcessor = _V1 = object
try:
    from vllm.v1.worker.gpu.sample.logits_processor import (  # type: ignore[import-not-found]
        LogitsProcessor as _V2,
    )
except ImportError:
    _V2 = object

RowProcessor = Callable[[Sequence[int] | None, Sequence[int], Tensor], Tensor]


def tables_of(vllm_config: Any) -> Tables:
    """For the tokenizer of a vLLM configuration."""
    model = vllm_config.model_config
    tokenizer = AutoTokenizer.from_pretrained(
        model.tokenizer,
        revision=getattr(model, "tokenizer_revision", None),
        trust_remote_code=getattr(model, "trust_remote_code", False),
    )
    return Tables(TokenFlags.of(tokenizer))


def divide_rows(logits: Tensor, rows: Sequence[int], by: Sequence[float]) -> Tensor:
    """Logits (m, V) with some rows divided, in place."""
    if rows:
        index = torch.tensor(rows, device=logits.device)
        column = torch.tensor(by, dtype=logits.dtype, device=logits.device)[:, None]
        logits[index] = logits[index] / column
    return logits


class AdapTV1(_V1):  # type: ignore[misc]
    """Batch processor of vLLM's first model runner.

    It is called between the request's own temperature and top-k, top-p.
    """

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        _refuse_speculation(vllm_config)
        self.tables = tables_of(vllm_config)
        self.requests: dict[int, Request] = {}

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raise ValueError for a request's bad values, when it arrives."""
        Settings.of(sampling_params)

    def is_argmax_invariant(self) -> bool:
        """Greedy requests may skip it."""
        return True

    def update_state(self, batch_update: Any) -> None:
        """Follow requests that leave, enter, and move, in this order."""
        if batch_update is None:
            return
        for index in batch_update.removed:
            self.requests.pop(index, None)
        for index, params, prompt, output in batch_update.added:
            settings = Settings.of(params)
            self.requests.pop(index, None)
            if settings:
                self.requests[index] = Request(settings, prompt or (), output)
        for source, target, direction in batch_update.moved:
            moved = self.requests.pop(source, None)
            replaced = self.requests.pop(target, None)
            if moved:
                self.requests[target] = moved
            if replaced and direction.name == "SWAP":
                self.requests[source] = replaced

    def apply(self, logits: Tensor) -> Tensor:
        """Logits (requests, V), divided in place."""
        rows = list(self.requests)
        values = self.tables.temperatures(list(self.requests.values()))
        return divide_rows(logits, rows, values)


class AdapTPerRequest(AdapterLogitsProcessor):  # type: ignore[misc]
    """The same for vLLM's wrapper of callables of one request each; slower."""

    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        _refuse_speculation(vllm_config)
        if AdapterLogitsProcessor is not object:
            super().__init__(vllm_config, device, is_pin_memory)
        self.tables = tables_of(vllm_config)

    @classmethod
    def validate_params(cls, params: Any) -> None:
        """Raise ValueError for a request's bad values, when it arrives."""
        Settings.of(params)

    def is_argmax_invariant(self) -> bool:
        """Greedy requests may skip it."""
        return True

    def new_req_logits_processor(self, params: Any) -> RowProcessor | None:
        """The callable of a request, or None if it does not ask for AdapT."""
        settings = Settings.of(params)
        return row_processor(self.tables, settings) if settings else None


def row_processor(tables: Tables, settings: Settings) -> RowProcessor:
    """``f(prompt_ids, output_ids, logits (V,)) -> logits``, as several servers take."""

    def process(
        prompt_ids: Sequence[int] | None, output_ids: Sequence[int], logits: Tensor
    ) -> Tensor:
        request = Request(settings, prompt_ids or (), output_ids)
        return logits / tables.temperatures([request])[0]

    return process


class AdapTV2(_V2):  # type: ignore[misc]
    """Batch processor of vLLM's second model runner.

    Tokens stay on the device; it is called before temperature and top-k, top-p.
    """

    def __init__(self, vllm_config: Any, req_states: Any) -> None:
        _refuse_speculation(vllm_config)
        self.tables = tables_of(vllm_config)
        self.states = req_states
        self.settings: dict[int, Settings] = {}

    @classmethod
    def validate_params(cls, sampling_params: Any) -> None:
        """Raise ValueError for a request's bad values, when it arrives."""
        Settings.of(sampling_params)

    def is_argmax_invariant(self) -> bool:
        """Greedy requests may skip it."""
        return True

    def add_request(self, req_idx: int, sampling_params: Any) -> bool:
        """Take a slot's new request; whether it asks for AdapT."""
        self.settings.pop(req_idx, None)
        settings = Settings.of(sampling_params)
        if settings:
            self.settings[req_idx] = settings
        return settings is not None

    def apply(self, logits: Tensor, ctx: Any) -> Tensor:
        """Logits (rows, V), divided in place; slots are in ``ctx.idx_mapping_np``."""
        by_rule: dict[str, list[int]] = {}
        slots = [int(slot) for slot in ctx.idx_mapping_np]
        for row, slot in enumerate(slots):
            if slot in self.settings:
                by_rule.setdefault(self.settings[slot].rule, []).append(row)
        for rule, rows in by_rule.items():
            index = torch.tensor(rows, device=logits.device)
            ids = self._last_tokens(index, looked_back(rule), ctx)
            given = [self.settings[slots[row]] for row in rows]
            a, b = (
                torch.tensor(values, dtype=logits.dtype, device=logits.device)
                for values in ([s.a for s in given], [s.b for s in given])
            )
            column = torch.where(self.tables[rule].hot(ids), a, b)[:, None]
            logits[index] = logits[index] / column
        return logits

    def _last_tokens(self, rows: Tensor, length: int, ctx: Any) -> Tensor:
        """The last tokens of some rows (k, length), opaque before the beginning."""
        steps = torch.arange(1 - length, 1, device=rows.device)
        places = ctx.pos[rows].long()[:, None] + steps
        slots = ctx.expanded_idx_mapping[rows].long()[:, None]
        ids = self.states.all_token_ids.gpu[slots, places.clamp(min=0)].long()
        return ids.masked_fill(places < 0, self.tables.opaque)


def _refuse_speculation(vllm_config: Any) -> None:
    if getattr(vllm_config, "speculative_config", None) is not None:
        raise ValueError("AdapT does not work with speculative decoding: switch it off")
