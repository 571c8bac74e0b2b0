"""Three families of workloads: linear models, boosted trees, image networks.

Each function fills in a `Workload` for given data and values, so that the default and
the paper's scale differ in data and numbers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from helpers.spot_tuning.workload import Workload
from helpers.spot_tuning.workload_data import Split
from helpers.spot_tuning.workload_linear import (
    LinearTrial,
    Loss,
    kernel_split,
    linear_seconds,
)
from helpers.spot_tuning.workload_state import Schedule, Setting, Trial, TrialKey, every
from helpers.spot_tuning.workload_trees import BoostingTrial, boosting_seconds

if TYPE_CHECKING:  # torch takes seconds to import
    from torch import nn

    from helpers.spot_tuning.workload_networks import Augmentation

Data = Callable[[int], Split]  # from a seed
Values = Mapping[str, Sequence[Any]]


def linear_workload(
    name: str,
    *,
    task: str,
    metric: str,
    loss: Loss,
    data: Data,
    features: int,
    rows_val: int,
    values: Values,
    steps: int,
    updates: int,
    alpha: float,
    checkpoint_mb: float,
    outputs: int = 1,
    decay_every: int = 0,
    penalty: float = 0.0,
    fourier: int = 0,
    gamma: float = 0.0,
) -> Workload:
    """Stochastic gradient descent on ``loss``; one step is ``updates`` mini-batches.

    The learning rate falls by "decay rate" after every "decay steps" steps, or every
    ``decay_every`` where that is no hyper-parameter. With a hyper-parameter "kernel",
    ``fourier`` features of width ``gamma`` stand for the RBF kernel.
    """

    def decays(setting: Setting) -> tuple[int, ...]:
        return every(setting.get("decay steps", decay_every), steps)

    def build(key: TrialKey) -> Trial:
        setting = key.setting
        rows = data(key.seed)
        if "kernel" in setting:
            rows = kernel_split(
                rows, setting["kernel"], key.seed, count=fourier, gamma=gamma
            )
        return LinearTrial(
            key,
            rows,
            loss,
            outputs=outputs,
            schedule=Schedule(
                setting["learning rate"], setting["decay rate"], decays(setting)
            ),
            batch=setting["batch size"],
            updates=updates,
            penalty=penalty,
        )

    def seconds(setting: Setting) -> float:
        width = fourier if setting.get("kernel") == "rbf" else features
        return linear_seconds(width, outputs, setting["batch size"], updates, rows_val)

    return Workload(
        name=name,
        task=task,
        metric=metric,
        step=f"{updates} mini-batches",
        values=values,
        build=build,
        seconds=seconds,
        length=lambda setting: steps,
        decays=decays,
        alpha=alpha,
        checkpoint_mb=checkpoint_mb,
    )


def boosting_workload(
    name: str,
    *,
    task: str,
    data: Data,
    features: int,
    rows: int,
    rows_val: int,
    values: Values,
    alpha: float,
    checkpoint_mb: float,
) -> Workload:
    """Gradient boosting; one step is one tree, so "trees" is the length of a trial."""

    def build(key: TrialKey) -> Trial:
        setting = key.setting
        return BoostingTrial(
            key,
            data(key.seed),
            rate=setting["learning rate"],
            subsample=setting["subsample"],
            depth=setting["depth"],
        )

    def seconds(setting: Setting) -> float:
        rows_tree = round(setting["subsample"] * rows)
        return boosting_seconds(features, rows, rows_tree, rows_val, setting["depth"])

    return Workload(
        name=name,
        task=task,
        metric="mean squared error",
        step="one tree",
        values=values,
        build=build,
        seconds=seconds,
        length=lambda setting: int(setting["trees"]),
        decays=lambda setting: (),
        alpha=alpha,
        checkpoint_mb=checkpoint_mb,
    )


def network_workload(
    name: str,
    *,
    task: str,
    data: Data,
    network: Callable[[Setting], nn.Module],
    shape: tuple[int, int, int],
    rows_val: int,
    values: Values,
    steps: int,
    images: int,
    alpha: float,
    checkpoint_mb: float,
    augmentation: Callable[[], Augmentation] | None = None,
    rate: float = 0.0,
    factor: float = 0.0,
    penalty: float = 5e-4,
    device: Callable[[], str] = lambda: "cpu",
) -> Workload:
    """Image classifier; one step is an epoch of ``images`` training images.

    The learning rate falls after each of "decay epochs". ``rate`` and ``factor``
    stand in where learning rate and decay rate are no hyper-parameters. ``network``
    and ``augmentation`` are functions that import torch when they are called.
    """

    def decays(setting: Setting) -> tuple[int, ...]:
        value = setting["decay epochs"]
        return tuple(value) if isinstance(value, Sequence) else (int(value),)

    def build(key: TrialKey) -> Trial:
        from helpers.spot_tuning.workload_networks import NetworkTrial

        setting = key.setting
        return NetworkTrial(
            key,
            data(key.seed),
            lambda: network(setting),
            schedule=Schedule(
                setting.get("learning rate", rate),
                setting.get("decay rate", factor),
                decays(setting),
            ),
            batch=setting["batch size"],
            images=images,
            augment=augmentation() if augmentation else None,
            penalty=penalty,
            device=device(),
        )

    def seconds(setting: Setting) -> float:
        from helpers.spot_tuning.workload_networks import network_seconds

        return network_seconds(
            network(setting),
            shape,
            batch=setting["batch size"],
            images=images,
            rows_val=rows_val,
        )

    return Workload(
        name=name,
        task=task,
        metric="validation loss",
        step=f"one epoch of {images} images",
        values=values,
        build=build,
        seconds=seconds,
        length=lambda setting: steps,
        decays=decays,
        alpha=alpha,
        checkpoint_mb=checkpoint_mb,
    )
