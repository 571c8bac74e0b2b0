"""The chapter's names in one place: ``from helpers.adaptive_temperature import api``.

The modules behind them, one concept each, are what other programs should import.
"""

from __future__ import annotations

from helpers.adaptive_temperature.evaluation import (
    LIMITS,
    Request,
    as_problem,
    evaluate,
    hot_share,
    loaded,
)
from helpers.adaptive_temperature.explorer import sampler_explorer
from helpers.adaptive_temperature.humaneval_files import (
    find_humaneval,
)
from helpers.adaptive_temperature.paper_comparison import compare_samplers, score_server
from helpers.adaptive_temperature.paper_generation import hub_model
from helpers.adaptive_temperature.pass_at_k import pass_at_k
from helpers.adaptive_temperature.problem_family import generate, solutions
from helpers.adaptive_temperature.problems import read_humaneval
from helpers.adaptive_temperature.processor import (
    AdapTLogitsProcessor,
    effective_sampling,
)
from helpers.adaptive_temperature.rules import RuleTable
from helpers.adaptive_temperature.samplers import Sampler
from helpers.adaptive_temperature.samples import read_samples
from helpers.adaptive_temperature.scoring import score
from helpers.adaptive_temperature.token_classes import CODE_CLASSES
from helpers.adaptive_temperature.token_flags import TokenFlags
from helpers.adaptive_temperature.token_losses import (
    loss_ratio,
    loss_shares,
    summary,
    token_losses,
)
from helpers.adaptive_temperature.training import CHECKPOINTS, train_checkpoint
from helpers.llm.completions import Endpoint
from helpers.sandbox.jobs import Cases, Job
from helpers.sandbox.sandbox import Sandbox, banner
from helpers.tiny_lm.python_corpus import python_corpus

__all__ = [
    "CHECKPOINTS",
    "CODE_CLASSES",
    "LIMITS",
    "AdapTLogitsProcessor",
    "Cases",
    "Endpoint",
    "Job",
    "Request",
    "RuleTable",
    "Sampler",
    "Sandbox",
    "TokenFlags",
    "as_problem",
    "banner",
    "compare_samplers",
    "effective_sampling",
    "evaluate",
    "find_humaneval",
    "generate",
    "hot_share",
    "hub_model",
    "loaded",
    "loss_ratio",
    "loss_shares",
    "pass_at_k",
    "python_corpus",
    "read_humaneval",
    "read_samples",
    "sampler_explorer",
    "score",
    "score_server",
    "solutions",
    "summary",
    "token_losses",
    "train_checkpoint",
]
