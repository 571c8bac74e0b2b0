"""The chapter's names in one place: ``from helpers.graph_generation import api``.

The modules behind them, one concept each, are what other programs should import.
"""

from __future__ import annotations

from helpers.graph_generation.asking import ask
from helpers.graph_generation.baseline_model import BASELINES, BaselineModel
from helpers.graph_generation.checks import check
from helpers.graph_generation.classifier import judge
from helpers.graph_generation.decoder import GraphDecoder
from helpers.graph_generation.distribution_answers import errors as share_errors
from helpers.graph_generation.distribution_answers import slopes as share_slopes
from helpers.graph_generation.distribution_answers import summary as share_summary
from helpers.graph_generation.distribution_cells import DistributionCell, continued
from helpers.graph_generation.distributions import DISTRIBUTIONS
from helpers.graph_generation.explorer import distribution_explorer, rule_explorer
from helpers.graph_generation.findings import findings
from helpers.graph_generation.graph_frame import graph_rows
from helpers.graph_generation.graphs import Graph
from helpers.graph_generation.held_out import around, held_out
from helpers.graph_generation.large_models import campaign, large_model
from helpers.graph_generation.metrics import errors, per_answer, summary, with_chance
from helpers.graph_generation.molecule_cells import judged, proposed, references
from helpers.graph_generation.molecule_recomputations import (
    copies_explain,
    cot_gain,
    molecule_counts,
)
from helpers.graph_generation.molhiv import PAPER as PAPER_CONFUSION
from helpers.graph_generation.molhiv import (
    find_molhiv,
    load_molhiv,
    train_classifier,
)
from helpers.graph_generation.prompts import DISTRIBUTION_METHODS, METHODS
from helpers.graph_generation.properties import has_property
from helpers.graph_generation.recorded import read_recorded, recorded_files
from helpers.graph_generation.rectification import rectification_check, rectified
from helpers.graph_generation.reference_lines import (
    LINES,
    reference_lines,
    reference_scores,
)
from helpers.graph_generation.replay import agreement, replayed
from helpers.graph_generation.reply_parser import parse_reply
from helpers.graph_generation.rule_cells import Cell, generated
from helpers.graph_generation.tasks import PAIRS, RULES, Pair, Task, preset
from helpers.graph_generation.training import CHECKPOINTS, train_checkpoint
from helpers.llm.cost import Price
from helpers.tiny_lm.checkpoint import load as load_checkpoint

__all__ = [
    "BASELINES",
    "CHECKPOINTS",
    "DISTRIBUTIONS",
    "DISTRIBUTION_METHODS",
    "LINES",
    "METHODS",
    "PAIRS",
    "PAPER_CONFUSION",
    "RULES",
    "BaselineModel",
    "Cell",
    "DistributionCell",
    "Graph",
    "GraphDecoder",
    "Pair",
    "Price",
    "Task",
    "agreement",
    "around",
    "ask",
    "campaign",
    "check",
    "continued",
    "copies_explain",
    "cot_gain",
    "distribution_explorer",
    "errors",
    "find_molhiv",
    "findings",
    "generated",
    "graph_rows",
    "has_property",
    "held_out",
    "judge",
    "judged",
    "large_model",
    "load_checkpoint",
    "load_molhiv",
    "molecule_counts",
    "parse_reply",
    "per_answer",
    "preset",
    "proposed",
    "read_recorded",
    "recorded_files",
    "rectification_check",
    "rectified",
    "reference_lines",
    "reference_scores",
    "references",
    "replayed",
    "rule_explorer",
    "share_errors",
    "share_slopes",
    "share_summary",
    "summary",
    "train_checkpoint",
    "train_classifier",
    "with_chance",
]
