"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.adaptive_temperature import sampler_grid
from helpers.adaptive_temperature.paper_generation import Decoding
from helpers.paper_work import CpuWork, Transformer, Values, Work, generation

CODEGEN = Transformer(356e6, layers=20, width=1024)
HUMANEVAL = 164
PROMPT = 400  # tokens; longer ones are few


def plan(default: Values, paper: Values) -> list[Work]:
    """The small decoders on the processor; a model of the hub on HumanEval on the GPU.

    Every answer counts as long as the limit, which is an upper bound: most end earlier.
    """
    ratio = _samples(paper) / _samples(default)
    samplers = [
        *sampler_grid.uniform(paper["temperatures"], [sampler_grid.NUCLEUS]),
        *sampler_grid.published(paper["rule"]),
    ]
    how = Decoding()
    batches = HUMANEVAL * -(-how.n // how.batch)
    return [
        CpuWork("problems and worlds", ratio, "samplers x problems x samples"),
        generation(
            f"CodeGen-350M on HumanEval, {len(samplers)} samplers, n = {how.n}",
            CODEGEN,
            context=PROMPT + how.max_new_tokens,
            batch=how.batch,
            steps=len(samplers) * batches * how.max_new_tokens,
        ),
    ]


def _samples(values: Values) -> float:
    grid = sampler_grid.adapt("line", values["a_grid"], values["b_grid"])
    samplers = len(sampler_grid.uniform(values["temperatures"])) + len(grid)
    samplers += len(values["rules"]) + len(values["peers"])
    problems = values["problems"] + len(values["worlds"]) * values["world_problems"]
    return samplers * problems * values["samples"]
