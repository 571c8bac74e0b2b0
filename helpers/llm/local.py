"""Any causal language model of transformers, on this machine.

A token is drawn by the Gumbel-max trick: with G_v independent standard Gumbel numbers,

    argmax_v (log p_v + G_v)  is distributed as  p,

so that greedy decoding of noisy scores is exact sampling, and each row of a batch can
have random numbers of its own. An answer then depends on its own request only and not
on what else was in the batch, as far as floating point allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Self

import torch
from jinja2 import TemplateError
from torch import Tensor
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopPLogitsWarper,
)

from helpers.assets import local, revision_of
from helpers.llm.backend import BackendError, Completion, Request


class LocalModel:
    """A model and its tokenizer; a `helpers.llm.backend.Backend`.

    Parameters
    ----------
    model, tokenizer
        Of transformers.
    identity : str
        Which weights these are: a hash, or a hub's name with its revision.
    batch : int
        Requests at once.
    chat : bool, optional
        Whether prompts go through the tokenizer's chat template; by default if it has
        one. A base model reads the plain contents.
    opening : str
        First words of every answer, given rather than sampled and part of its text: a
        base model goes on with them where it would go on with the question.

    Raises
    ------
    ValueError
        If ``batch`` is below 1, or there is no chat template to use.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        identity: str,
        *,
        batch: int = 8,
        chat: bool | None = None,
        opening: str = "",
    ) -> None:
        if batch < 1:
            raise ValueError(f"batch is {batch}; allowed: 1 or more")
        templated = bool(getattr(tokenizer, "chat_template", None))
        if chat and not templated:
            raise ValueError(f"{identity} has no chat template; allowed: chat=False")
        self.model, self.tokenizer = model.eval(), tokenizer
        self.identity, self.batch, self.opening = identity, batch, opening
        self.chat = templated if chat is None else chat
        self._ends = _end_tokens(model, tokenizer)
        if tokenizer.pad_token_id is None:  # as LLaMA's; the mask hides the padding
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token

    @classmethod
    def load(
        cls, source: str | Path, *, device: str | None = None, **options: Any
    ) -> Self:
        """A model of the hub, or in a folder; the fetched copy where there is one.

        Parameters
        ----------
        device : str, optional
            A GPU if there is one; the model then has the type it was saved in.
        options
            ``batch``, ``chat``, ``opening``.
        """
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        # bfloat16 and the like are slow, or not there, on a CPU
        dtype = "auto" if place == "cuda" else torch.float32
        folder = local(source)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
        revision = revision_of(str(source)) or getattr(model.config, "_commit_hash", "")
        own = Path(source).is_dir()
        identity = weights_hash(Path(source)) if own else f"{source}@{revision}"
        return cls(model.to(place), tokenizer, identity, **options)

    @property
    def name(self) -> str:
        """The weights, how prompts are put to them, and the arithmetic.

        Of two kinds of device or number an answer is not the same.
        """
        way = "chat" if self.chat else "plain"
        number = str(self.model.dtype).removeprefix("torch.")
        parts = [self.identity, way, self.model.device.type, number]
        return " ".join(parts + ([repr(self.opening)] if self.opening else []))

    def complete(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """As `helpers.llm.backend.Backend.complete`, ``batch`` requests at once.

        Raises
        ------
        BackendError
            If a prompt fills the model's context, or its template refuses a role.
        """
        for (_, room), alike in groupby(requests, self._alike):
            waiting = list(alike)
            if not room:
                length = self._prompt_length(waiting[0])
                raise BackendError(
                    f"a prompt of {length} tokens leaves no room for an answer; "
                    f"allowed by {self.identity}: fewer than {self._context()}"
                )
            for start in range(0, len(waiting), self.batch):
                yield from self._answer(waiting[start : start + self.batch])

    def _alike(self, request: Request) -> tuple[object, bool]:
        """What requests of one batch share: their decoding, and room for an answer."""
        return _decoding(request), self._prompt_length(request) < self._context()

    def _prompt_length(self, request: Request) -> int:
        return len(self._tokens([request])["input_ids"][0])

    def _tokens(self, requests: Sequence[Request], **options: Any) -> Any:
        # a template writes the special tokens itself
        texts = [self._text(request) for request in requests]
        return self.tokenizer(texts, add_special_tokens=not self.chat, **options)

    @torch.inference_mode()
    def _answer(self, requests: Sequence[Request]) -> list[Completion]:
        given = self._tokens(
            requests, return_tensors="pt", padding=True, padding_side="left"
        ).to(self.model.device)
        given.pop("token_type_ids", None)
        length, wanted = given["input_ids"].shape[1], requests[0].sampling.max_tokens
        limit = min(wanted, self._context() - length)
        out = self.model.generate(
            **given,
            generation_config=self._config(limit),
            logits_processor=_processors(requests, self.model.device),
        )
        asked = given["attention_mask"].sum(dim=1).tolist()
        found = [
            self._completion(row, prompt)
            for row, prompt in zip(out[:, length:].tolist(), asked, strict=True)
        ]
        # Padding takes room in the context: what the longest prompt cut short is
        # written once more, without it.
        cut = [
            i
            for i, one in enumerate(found)
            if limit < wanted and one.finish_reason == "length" and asked[i] < length
        ]
        if cut:
            again = self._answer([requests[i] for i in cut])
            for i, one in zip(cut, again, strict=True):
                found[i] = one
        return found

    def _text(self, request: Request) -> str:
        if not self.chat:
            return request.prompt + self.opening
        messages = [{"role": role, "content": text} for role, text in request.messages]
        try:
            found = self.tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=False
            )
        except TemplateError as error:
            raise BackendError(f"the chat template refuses: {error}") from None
        return found + self.opening

    def _completion(self, row: list[int], prompt_tokens: int) -> Completion:
        end = next((i for i, token in enumerate(row) if token in self._ends), None)
        text = self.tokenizer.decode(row[:end], skip_special_tokens=True)
        return Completion(
            text=self.opening + text,
            finish_reason="length" if end is None else "stop",
            prompt_tokens=prompt_tokens,
            completion_tokens=len(row) if end is None else end + 1,
            model=self.identity,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _context(self) -> int:
        return getattr(self.model.config, "max_position_embeddings", None) or 1 << 30

    def _config(self, limit: int) -> GenerationConfig:
        """Nothing but the model's distribution, whatever its own defaults are."""
        ends = sorted(self._ends)
        return GenerationConfig(
            max_new_tokens=limit,
            do_sample=False,
            num_beams=1,
            temperature=1.0,
            top_p=1.0,
            top_k=50,  # these three are unused, but wrong ones are warned about
            repetition_penalty=1.0,
            no_repeat_ngram_size=0,
            eos_token_id=ends or None,
            pad_token_id=_pad(self.tokenizer, ends),
        )


class GumbelNoise(LogitsProcessor):
    """Adds Gumbel noise to the scores, row by row from the row's own generator.

    In double precision: in single, one exponential number in 2^24 is 0, its noise
    infinite, and a large vocabulary has such a token every few hundred steps.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self.generators = generators

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        noise = torch.empty_like(scores, dtype=torch.float64)
        for row, generator in zip(noise, self.generators, strict=True):
            row.exponential_(generator=generator)
        return scores.double() - noise.log()


def weights_hash(folder: Path) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a folder's weights.

    Raises
    ------
    ValueError
        If it holds no ``.safetensors`` or ``.bin``.
    """
    files = sorted(folder.glob("*.safetensors")) or sorted(folder.glob("*.bin"))
    if not files:
        raise ValueError(f"{folder} holds no weights; allowed: .safetensors or .bin")
    found = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            found.update(hashlib.file_digest(file, "sha256").digest())
    return found.hexdigest()[:16]


def _decoding(request: Request) -> tuple[float, float, int]:
    sampling = request.sampling
    return sampling.temperature, sampling.top_p, sampling.max_tokens


def _processors(requests: Sequence[Request], device: Any) -> LogitsProcessorList:
    """Of requests that are decoded alike; none at temperature 0."""
    temperature, top_p, _ = _decoding(requests[0])
    found = LogitsProcessorList()
    if temperature == 0:
        return found
    found.append(TemperatureLogitsWarper(float(temperature)))
    if top_p < 1:
        found.append(TopPLogitsWarper(top_p))
    generators = [torch.Generator(device) for _ in requests]
    for generator, request in zip(generators, requests, strict=True):
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed)
    found.append(GumbelNoise(generators))
    return found


def _end_tokens(model: Any, tokenizer: Any) -> set[int]:
    """The model may know more ends than its tokenizer, such as the end of a turn."""
    ends = model.generation_config.eos_token_id
    if ends is None:
        ends = tokenizer.eos_token_id
    return set(ends) if isinstance(ends, list) else {ends} - {None}


def _pad(tokenizer: Any, ends: Sequence[int]) -> int:
    if tokenizer.pad_token_id is not None:
        return int(tokenizer.pad_token_id)
    return ends[0] if ends else 0
