"""Explorer of a trained family: drop probability p and number N of sub-networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers import style
from helpers.explorer import explore
from helpers.figure_parts import label_ends
from helpers.lora_dropout.calibration import (
    accuracy,
    expected_calibration_error,
    negative_log_likelihood,
)
from helpers.lora_dropout.experiments import DROPOUT, LORA
from helpers.lora_dropout.figures_calibration import reliability_bars
from helpers.lora_dropout.figures_common import NOTE
from helpers.lora_dropout.figures_theory import draw_update, masked_update
from helpers.lora_dropout.scores import ensemble, softmax
from helpers.lora_dropout.trials import Outcome

CROP = 64
# Left, bottom, width and height of the panels, as shares of the figure. Fixed places do
# not jump from one setting to the next, and cost less than a layout engine.
SIZE = (6.6, 4.3)
PLACES = (
    (0.105, 0.60, 0.315, 0.33),
    (0.66, 0.60, 0.32, 0.33),
    (0.105, 0.11, 0.315, 0.33),
    (0.66, 0.11, 0.32, 0.33),
)


@dataclass(frozen=True)
class Level:
    """What the explorer shows of one p, computed once: means over the seeds.

    Attributes
    ----------
    outcomes : list of Outcome
        One a seed.
    train, test : float
        Losses of the mean network, in nats.
    nll : np.ndarray
        Test loss of the ensemble of the first 1, 2, ... members, shape (members,).
    """

    outcomes: list[Outcome]
    train: float
    test: float
    nll: np.ndarray


@dataclass
class DropoutFamily:
    """LoRA with LoRA Dropout, trained with several p; p = 0 is plain LoRA.

    Attributes
    ----------
    outcomes : sequence of Outcome
        Trials of one task that differ in p and seed alone, with test-time members and
        the factors of a layer.

    Raises
    ------
    ValueError
        If there is no trial with dropout, or one is of another method or task, has no
        members, or comes twice.
    """

    outcomes: Sequence[Outcome]
    levels: dict[float, Level] = field(init=False, repr=False)
    members: int = field(init=False)

    def __post_init__(self) -> None:
        groups: dict[float, list[Outcome]] = {}
        for found in self.outcomes:
            trial = found.trial
            if trial.method not in (LORA, DROPOUT):
                raise ValueError(
                    f"{trial.method} is no member of the family; allowed: {LORA} and "
                    f"{DROPOUT}"
                )
            if trial.task != self.outcomes[0].trial.task:
                raise ValueError(
                    f"tasks {self.outcomes[0].trial.task} and {trial.task} are mixed; "
                    "allowed: one"
                )
            if trial.p and not len(found.members):
                raise ValueError(f"the trial of p = {trial.p:g} has no members")
            same = groups.setdefault(trial.p, [])
            if trial.seed in {one.trial.seed for one in same}:
                raise ValueError(f"p = {trial.p:g} has seed {trial.seed} twice")
            same.append(found)
        counts = [len(one.members) for one in self.outcomes if one.trial.p]
        if not counts:
            raise ValueError(f"there is no trial of {DROPOUT} with p above 0")
        self.members = min(counts)
        self.levels = {p: self._level(groups[p]) for p in sorted(groups)}

    def _level(self, found: list[Outcome]) -> Level:
        train, test, sweeps = [], [], []
        for one in found:
            alone = softmax(one.test)
            train.append(negative_log_likelihood(softmax(one.train), one.train_labels))
            test.append(negative_log_likelihood(alone, one.labels))
            each = softmax(one.members[: self.members]) if one.trial.p else alone[None]
            right = each[:, np.arange(len(one.labels)), one.labels]
            likelihood = right.cumsum(axis=0) / np.arange(1, len(right) + 1)[:, None]
            nll = -np.log(likelihood).mean(axis=1)
            sweeps.append(np.broadcast_to(nll, self.members))
        return Level(
            found, float(np.mean(train)), float(np.mean(test)), np.mean(sweeps, axis=0)
        )

    def draw(self, p: float | None = None, n: int | None = None) -> tuple[Figure, str]:
        """Losses, reliability, the ensemble's loss and one sub-network, and a line.

        Parameters
        ----------
        p : float, optional
            One of the trained ones; by default that with the lowest loss of all
            members together.
        n : int, optional
            The ensemble is that of the first n members; all by default.

        Raises
        ------
        ValueError
            If no trial has this p, or there are fewer members.
        """
        p, n = self.best if p is None else p, self.members if n is None else n
        if p not in self.levels:
            known = ", ".join(f"{one:g}" for one in self.levels)
            raise ValueError(f"p is {p:g}; allowed: {known}")
        if not 1 <= n <= self.members:
            raise ValueError(f"n is {n}; allowed: 1 to {self.members}")
        figure, axes = style.subplots(2, 2, SIZE)
        figure.set_layout_engine("none")
        for ax, place in zip(axes.flat, PLACES, strict=True):
            ax.set_position(place)
        level, colour = self.levels[p], style.color(DROPOUT if p else LORA)
        predictions = [
            (ensemble(one, n) if p else softmax(one.test), one.labels)
            for one in level.outcomes
        ]
        self._losses(axes[0, 0], p, n, colour)
        self._reliability(axes[0, 1], predictions, colour)
        self._members(axes[1, 0], p, n, colour)
        self._update(axes[1, 1], p, n)
        return figure, self._describe(p, n, predictions)

    @property
    def best(self) -> float:
        """The p with the lowest test loss of all members together."""
        return min(self.levels, key=lambda p: float(self.levels[p].nll[-1]))

    def _losses(self, ax: Axes, p: float, n: int, colour: str) -> None:
        grid = list(self.levels)
        shown, ends = self.levels[p], []
        for text, values, ls in (
            ("test", [self.levels[q].nll[n - 1] for q in grid], "-"),
            ("train", [self.levels[q].train for q in grid], "--"),
        ):
            ax.plot(grid, values, ls, marker="o", ms=3, color="#A8A8A8", lw=1.2)
            ends.append((float(values[-1]), text, NOTE))
        low, high = shown.train, float(shown.nll[n - 1])
        ax.plot([p, p], [low, high], "-o", color=colour, lw=2.2, ms=5)
        # the same for every n, with room above the highest point
        top = 1.08 * max(level.nll.max() for level in self.levels.values())
        ax.set(xlabel="drop probability p", ylabel="loss / nats", ylim=(0, top))
        ax.set_title(f"test − train: {high - low:.2f} nats", fontsize=8.5)
        label_ends(ax, ends)

    def _reliability(
        self, ax: Axes, predictions: list[tuple[np.ndarray, np.ndarray]], colour: str
    ) -> None:
        error = 100 * float(np.mean(reliability_bars(ax, predictions, colour)))
        ax.set(xlabel="confidence / %", ylabel="accuracy / %")
        ax.set_title(f"ECE {error:.1f} %", fontsize=8.5)

    def _members(self, ax: Axes, p: float, n: int, colour: str) -> None:
        level, counts = self.levels[p], np.arange(1, self.members + 1)
        ax.axhline(level.test, color=NOTE, ls=":", lw=1.2)
        ends = [(level.test, "mean network", NOTE)]
        if p:
            ax.plot(counts, level.nll, color=colour)
            ax.plot(n, level.nll[n - 1], "o", color=colour, ms=6)
            ends.append((float(level.nll[-1]), "ensemble", colour))
        ax.set(
            xlim=(0.5, self.members + 0.5),
            xlabel="members N at test time",
            ylabel="test NLL / nats",
        )
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        low, high = (f(level.test, *level.nll) for f in (min, max))
        # rounding must not look like an effect
        half = max(0.025, 0.6 * float(high - low))
        ax.set_ylim((low + high) / 2 - half, (low + high) / 2 + half)
        title = (
            f"N = {n}: {level.nll[n - 1]:.3f} nats" if p else "one network, no masks"
        )
        ax.set_title(title, fontsize=8.5)
        label_ends(ax, ends)

    def _update(self, ax: Axes, p: float, n: int) -> None:
        found = next((x for x in self.levels[p].outcomes if x.factors), None)
        if found is None:
            ax.set_axis_off()
            return
        a, b = found.factors
        whole = b @ a
        part = masked_update(a, b, p, n - 1, found.trial.seed) if p else whole
        draw_update(ax, part, float(np.quantile(np.abs(whole), 0.99)), CROP)
        ax.set(xlabel="input features", ylabel="output features", anchor="W")
        zeros = 100 * np.mean(part == 0)
        name = f"update, member {n - 1}" if p else "update B A"
        ax.set_title(f"{name}: {zeros:.3g} % zero", fontsize=8.5)

    def _describe(
        self, p: float, n: int, predictions: list[tuple[np.ndarray, np.ndarray]]
    ) -> str:
        level = self.levels[p]
        seeds = len(level.outcomes)
        said = "plain LoRA, no masks" if not p else f"ensemble of {n}"
        ece = np.mean([expected_calibration_error(q, y) for q, y in predictions])
        clean = [
            accuracy(q, one.clean)
            for (q, _), one in zip(predictions, level.outcomes, strict=True)
        ]
        return (
            f"p = {p:g}, {said}: training loss {level.train:.2f}, test loss "
            f"{level.nll[n - 1]:.3f} (mean network {level.test:.3f}), "
            f"ECE {100 * ece:.1f} %, "
            f"accuracy on true labels {100 * np.mean(clean):.1f} %; "
            + (f"mean of {seeds} seeds." if seeds > 1 else "one seed.")
        )


def dropout_explorer(family: DropoutFamily) -> None:
    """Sliders of p and N over a trained family; four panels are drawn anew each time.

    Losses and their gap, the reliability diagram of the first N members, the loss of
    the ensemble against N, and the query matrix's update in the last of those members.
    Headless, both sliders are tried at their extremes, and errors are raised.
    """
    import ipywidgets as widgets

    explore(
        family.draw,
        p=widgets.SelectionSlider(
            options=[(f"{p:g}", p) for p in family.levels],
            value=family.best,
            description="drop probability p",
        ),
        n=widgets.IntSlider(
            family.members, min=1, max=family.members, description="members N"
        ),
    )
