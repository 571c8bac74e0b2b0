"""What scale ``paper`` computes, as work; see `helpers.paper_work`."""

from __future__ import annotations

from helpers.paper_work import CpuWork, Values, Work, convolutional
from helpers.training_visualization.subjects_paper_recipes import RECIPES, ResNet

SHAPES = {
    "mnist": ((1, 28, 28), 60_000),
    "fashion_mnist": ((1, 28, 28), 60_000),
    "cifar10": ((3, 32, 32), 50_000),
}
DIGITS = 1797  # training and test samples of scikit-learn's set: an upper bound


def plan(default: Values, paper: Values) -> list[Work]:
    """The comparison on the processor, the paper's classifiers on the GPU.

    A map of all 60,000 images is not estimated: nothing of that size was measured.
    """
    ratio = _maps(paper) / _maps(default)
    work: list[Work] = [
        CpuWork("comparison on digits", ratio, "seeds x checkpoints x samples x steps")
    ]
    for name, recipe in RECIPES.items():
        shape, images = SHAPES[name]
        work.append(
            convolutional(
                f"ResNet-18 on {name}, {recipe.epochs} epochs",
                lambda recipe=recipe: ResNet(recipe),
                shape,
                images=recipe.epochs * images,
                batch=recipe.batch,
                extra=name != paper["images"],
            )
        )
    return work


def _maps(values: Values) -> float:
    checkpoints = len(values["digits_epochs"]) + len(values["tangle_epochs"])
    # what grows with the samples and what grows with the steps, half each
    size = (values["samples"] or DIGITS) / 1000 + values["steps"] / 600
    return values["seeds"] * checkpoints * size
