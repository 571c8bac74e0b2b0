r"""AdapT as a ``custom_generate`` of transformers: a decoding function, or a folder.

The maintainers' way of sharing a sampler. As a function:

    model.generate(ids, do_sample=True, custom_generate=adapt_decoding(tokenizer))

As a folder, written by `write_custom_generate`, which needs nothing of this package and
may be published as a repository:

    model.generate(ids, custom_generate="folder", trust_remote_code=True,
                   tokenizer=tokenizer, a=0.8, b=0.3, rule="line-word")
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers import GenerationConfig, LogitsProcessorList
from transformers.generation import logits_process

from helpers.adaptive_temperature.processor import AdapTLogitsProcessor

# What follows a user's processors in transformers; temperature belongs before them.
_WARPERS = tuple(
    getattr(logits_process, name)
    for name in (
        "TemperatureLogitsWarper",
        "TopHLogitsWarper",
        "TopKLogitsWarper",
        "TopPLogitsWarper",
        "MinPLogitsWarper",
        "TypicalLogitsWarper",
        "EpsilonLogitsWarper",
        "EtaLogitsWarper",
    )
    if hasattr(logits_process, name)
)
_PACKAGE = re.compile(r"^from helpers\.(adaptive_temperature\.)?", re.M)
_MODULES = ("processor", "rules", "token_flags", "truncation")
_GENERATE = '''"""AdapT sampling (arXiv 2309.02772) for model.generate."""

from .processor import AdapTLogitsProcessor


def generate(model, tokenizer=None, a=0.8, b=0.5, rule="line-word", **kwargs):
    """Sample with temperature `a` where a line or block begins, `b` elsewhere.

    Other arguments are those of `model.generate`. Unless they say otherwise, top-k is
    off; a temperature besides `a` and `b` is refused.
    """
    if tokenizer is None:
        raise ValueError("AdapT decides by the text: pass tokenizer=...")
    config = kwargs.get("generation_config")
    for given in (kwargs.get("temperature"), getattr(config, "temperature", None)):
        if given not in (None, 1.0):
            raise ValueError(f"temperature is {given}; allowed: 1, next to a and b")
    if config is None:
        kwargs = {"do_sample": True, "top_k": 0, **kwargs, "temperature": 1.0}
    adapt = AdapTLogitsProcessor(tokenizer, a, b, rule)
    kwargs["logits_processor"] = [*(kwargs.get("logits_processor") or []), adapt]
    return model.generate(tokenizer=tokenizer, **kwargs)
'''
_README = """---
library_name: transformers
tags:
- custom_generate
---
# AdapT sampling

Two temperatures for code: `a` where a line or a block begins, `b` elsewhere
([arXiv 2309.02772](https://arxiv.org/abs/2309.02772)).

```python
model.generate(**inputs, custom_generate="this folder or repository",
               trust_remote_code=True, tokenizer=tokenizer,
               a=0.8, b=0.3, rule="line-word", max_new_tokens=256)
```
"""


def adapt_decoding(
    tokenizer: Any, a: float = 0.8, b: float = 0.5, rule: str = "line-word"
) -> Callable[..., Any]:
    """A decoding function for ``model.generate(custom_generate=...)``.

    Arguments as of `AdapTLogitsProcessor`, which is put before top-k, top-p and the
    like. `generate` is then refused a temperature of its own, and beams.
    """
    adapt = AdapTLogitsProcessor(tokenizer, a, b, rule)

    def decode(
        model: Any,
        input_ids: Tensor,
        logits_processor: LogitsProcessorList,
        stopping_criteria: Any,
        generation_config: GenerationConfig,
        **kwargs: Any,
    ) -> Any:
        if generation_config.temperature not in (None, 1.0):
            raise ValueError(
                f"temperature is {generation_config.temperature}; allowed: 1, "
                "since AdapT sets its own"
            )
        if (generation_config.num_beams or 1) > 1:
            raise ValueError("adapt_decoding samples; allowed: num_beams=1")
        chain = list(logits_processor)
        places = [i for i, one in enumerate(chain) if isinstance(one, _WARPERS)]
        chain.insert(min(places, default=len(chain)), adapt)
        return model._sample(
            input_ids,
            logits_processor=LogitsProcessorList(chain),
            stopping_criteria=stopping_criteria,
            generation_config=generation_config,
            **kwargs,
        )

    return decode


def write_custom_generate(folder: Path) -> Path:
    """Write ``custom_generate/generate.py`` and what it needs into ``folder``.

    The modules are this package's own, with their imports made relative.

    Returns
    -------
    Path
        ``folder``, to be passed to `generate` as a text.

    Raises
    ------
    FileExistsError
        If ``folder`` has a ``custom_generate`` already.
    """
    here, target = Path(__file__).parent, Path(folder) / "custom_generate"
    target.mkdir(parents=True)
    sources = {f"{name}.py": here / f"{name}.py" for name in _MODULES}
    sources["names.py"] = here.parent / "names.py"
    for name, path in sources.items():
        text = path.read_text("utf-8")
        text = re.sub(
            r"^from helpers\.(adaptive_temperature\.)?", "from .", text, flags=re.M
        )
        (target / name).write_text(text, "utf-8")
    (target / "generate.py").write_text(_GENERATE, "utf-8")
    (Path(folder) / "README.md").write_text(_README, "utf-8")
    return Path(folder)
