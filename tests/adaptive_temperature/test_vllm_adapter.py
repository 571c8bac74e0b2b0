"""The vLLM adapters: bookkeeping with stand-ins, and vLLM's interface where it is."""

from __future__ import annotations

import inspect
from enum import Enum
from types import SimpleNamespace as Space
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from helpers.adaptive_temperature import vllm_adapter
from helpers.adaptive_temperature.processor import AdapTLogitsProcessor
from helpers.adaptive_temperature.request_temperatures import (
    Request,
    Settings,
    Tables,
)
from helpers.adaptive_temperature.rules import RULES
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.vllm_adapter import (
    AdapTPerRequest,
    AdapTV1,
    AdapTV2,
)
from tests.adaptive_temperature.token_kinds import CODE, tokenizer


class Move(Enum):
    UNIDIRECTIONAL = 0
    SWAP = 1


CONFIG = Space(model_config=Space(tokenizer="words"), speculative_config=None)


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands for vLLM's model: its tokenizer is our small one."""
    loader = Space(from_pretrained=lambda name, **_: tokenizer(name))
    monkeypatch.setattr(vllm_adapter, "AutoTokenizer", loader)


def params(rule: str | None = None, a: float = 1.5, b: float = 0.5, **more: Any) -> Any:
    extra = {"adapt_a": a, "adapt_b": b} | ({"adapt_rule": rule} if rule else {})
    return Space(temperature=1.0, extra_args=extra | more)


def plain() -> Any:
    return Space(temperature=0.7, extra_args=None)


def update(removed: Any = (), added: Any = (), moved: Any = ()) -> Any:
    return Space(batch_size=8, removed=removed, added=added, moved=moved)


def expected(ids: list[int], settings: Settings) -> float:
    """By the processor for transformers."""
    words = tokenizer("words")
    adapt = AdapTLogitsProcessor(words, settings.a, settings.b, settings.rule)
    row = torch.tensor([ids], dtype=torch.long)
    return 1 / float(adapt(row, torch.ones(1, 3))[0, 0])


@pytest.mark.parametrize("rule", RULES)
def test_temperatures_are_the_processors(rule: str) -> None:
    ids = tokenizer("words")(CODE)["input_ids"]
    settings = Settings(1.5, 0.5, rule)
    requests = [
        Request(settings, ids[: n // 2], ids[n // 2 : n]) for n in range(1, len(ids))
    ]
    found = Tables(TokenFlags.of(tokenizer("words"))).temperatures(requests)
    wanted = [expected(ids[:n], settings) for n in range(1, len(ids))]
    assert found == pytest.approx(wanted)
    assert set(found) == {1.5, 0.5}


def test_no_tokens_and_tokens_that_are_not_known() -> None:
    tables = Tables(TokenFlags.of(tokenizer("words")))
    newline, indent = tokenizer("words").convert_tokens_to_ids(["\n", "    "])
    for prompt, output, hot in (
        ((), (), False),
        ((newline,), [-1], False),  # not decided yet
        ((newline,), [9999, indent], False),
        ((newline,), [indent], True),
        ((), [-1, newline, indent], True),
    ):
        request = Request(Settings(1.5, 0.5), prompt, output)
        assert tables.temperatures([request]) == [1.5 if hot else 0.5]


def test_v1_follows_requests_that_come_go_and_move() -> None:
    ids = tokenizer("words")(CODE)["input_ids"]
    adapter = AdapTV1(CONFIG, "cpu", False)
    adapter.update_state(None)
    output: list[int] = []
    adapter.update_state(
        update(
            added=[
                (0, params("line"), ids[:5], output),
                (1, plain(), ids[:5], []),
                (2, params("anti"), None, ids[:9]),
                (3, params(), ids, []),
            ]
        )
    )
    assert list(adapter.requests) == [0, 2, 3]
    assert adapter.requests[3].settings.rule == "line-word"
    for token in ids[5:20]:  # the list that vLLM appends to
        logits = adapter.apply(torch.ones(4, 6))
        assert logits[1].tolist() == [1.0] * 6
        settings = adapter.requests[0].settings
        wanted = 1 / expected(ids[:5] + output, settings)
        assert logits[0].tolist() == pytest.approx([wanted] * 6)
        output.append(token)
    # 0 leaves, 4 enters at its place; then 3 moves to 1, and 2 and 0 change places
    adapter.update_state(
        update(
            removed=[0],
            added=[(0, params("block"), ids, [])],
            moved=[(3, 1, Move.UNIDIRECTIONAL), (2, 0, Move.SWAP)],
        )
    )
    rules = {place: one.settings.rule for place, one in adapter.requests.items()}
    assert rules == {0: "anti", 1: "line-word", 2: "block"}
    # a request without AdapT takes the place of one with it
    adapter.update_state(
        update(added=[(2, plain(), ids, [])], moved=[(5, 0, Move.SWAP)])
    )
    rules = {place: one.settings.rule for place, one in adapter.requests.items()}
    assert rules == {1: "line-word", 5: "anti"}
    assert adapter.is_argmax_invariant()


def test_v1_with_nothing_to_do() -> None:
    adapter = AdapTV1(CONFIG, "cpu", False)
    logits = torch.ones(2, 3)
    assert adapter.apply(logits) is logits


class Buffers:
    """What the second runner shares: all tokens of each slot, on the device."""

    def __init__(self, rows: dict[int, list[int]]) -> None:
        tokens = torch.full((8, 256), 7, dtype=torch.int32)
        for slot, ids in rows.items():
            tokens[slot, : len(ids)] = torch.tensor(ids, dtype=torch.int32)
        self.all_token_ids = Space(gpu=tokens)


def context(rows: dict[int, list[int]]) -> Any:
    slots = torch.tensor(list(rows), dtype=torch.int32)
    lengths = torch.tensor([len(ids) for ids in rows.values()])
    return Space(
        idx_mapping_np=np.array(list(rows)),
        expanded_idx_mapping=slots,
        pos=lengths - 1,
    )


def test_v2_reads_the_tokens_of_each_slot() -> None:
    ids = tokenizer("words")(CODE)["input_ids"]
    ends = {3: 8, 0: 9, 6: 30, 2: 31, 5: 4, 7: 12}  # rows are in any order
    rows = {slot: ids[:end] for slot, end in ends.items()}
    adapter = AdapTV2(CONFIG, Buffers(rows))
    wanted_rules = dict(zip(rows, [*RULES, None], strict=True))
    for slot, rule in wanted_rules.items():
        assert adapter.add_request(slot, params(rule) if rule else plain()) is bool(
            rule
        )
    logits = adapter.apply(torch.ones(len(rows), 4), context(rows))
    for row, (slot, rule) in enumerate(wanted_rules.items()):
        wanted = 1 / expected(rows[slot], Settings(1.5, 0.5, rule)) if rule else 1.0
        assert logits[row].tolist() == pytest.approx([wanted] * 4), rule
    assert not adapter.add_request(3, plain())  # the slot's next request
    again = adapter.apply(torch.ones(len(rows), 4), context(rows))
    assert again[0].tolist() == [1.0] * 4


def test_per_request_callables() -> None:
    ids = tokenizer("words")(CODE)["input_ids"]
    adapter = AdapTPerRequest(CONFIG, "cpu", False)
    assert adapter.new_req_logits_processor(plain()) is None
    process = adapter.new_req_logits_processor(params("line"))
    assert process is not None and len(inspect.signature(process).parameters) == 3
    for end in range(1, len(ids)):
        found: Tensor = process(ids[:3], ids[3:end], torch.ones(4))
        wanted = 1 / expected(ids[:3] + ids[3:end], Settings(1.5, 0.5, "line"))
        assert found.tolist() == pytest.approx([wanted] * 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (params("lines"), "did you mean 'line'"),
        (params(a=0.0), "temperature `adapt_a` is 0.0"),
        (params(adapt_rul="line"), "did you mean 'adapt_rule'"),
        (Space(temperature=1.0, extra_args={"adapt_a": 1.0}), "without adapt_b"),
        (Space(**vars(params()) | {"temperature": 0.8}), "temperature is 0.8"),
    ],
)
@pytest.mark.parametrize("adapter", [AdapTV1, AdapTV2, AdapTPerRequest])
def test_bad_requests_are_refused(adapter: Any, given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        adapter.validate_params(given)
    adapter.validate_params(plain())
    adapter.validate_params(Space(**vars(params()) | {"temperature": 0}))


@pytest.mark.parametrize("adapter", [AdapTV1, AdapTV2, AdapTPerRequest])
def test_speculative_decoding_is_refused(adapter: Any) -> None:
    config = Space(**vars(CONFIG) | {"speculative_config": object()})
    rest = (None,) if adapter is AdapTV2 else ("cpu", False)
    with pytest.raises(ValueError, match="speculative decoding"):
        adapter(config, *rest)


@pytest.mark.parametrize(
    ("module", "base", "ours"),
    [
        ("vllm.v1.sample.logits_processor", "LogitsProcessor", AdapTV1),
        ("vllm.v1.sample.logits_processor", "AdapterLogitsProcessor", AdapTPerRequest),
        ("vllm.v1.worker.gpu.sample.logits_processor", "LogitsProcessor", AdapTV2),
    ],
)
def test_interface_of_an_installed_vllm(module: str, base: str, ours: type) -> None:
    found = pytest.importorskip(module, reason=f"{module} is missing: pip install vllm")
    parent = getattr(found, base)
    assert issubclass(ours, parent) and not inspect.isabstract(ours)
    for name in ("__init__", "apply", "validate_params"):
        theirs, mine = (inspect.signature(getattr(c, name)) for c in (parent, ours))
        assert len(theirs.parameters) == len(mine.parameters), name
