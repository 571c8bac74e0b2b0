"""The six workloads: what is trained, with which hyper-parameters, for how long.

Names and hyper-parameters follow the paper as recalled; the values are reconstructed
for problems that train in seconds. ``workload(name, "paper")`` gives the versions on
the paper's data sets, with the same interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from helpers.names import unknown_name
from helpers.spot_tuning.workload import Workload
from helpers.spot_tuning.workload_data import (
    correlated_regression,
    digit_images,
    digits,
    friedman,
    two_classes,
)
from helpers.spot_tuning.workload_families import (
    boosting_workload,
    linear_workload,
    network_workload,
)
from helpers.spot_tuning.workload_linear import cross_entropy, hinge, squared
from helpers.spot_tuning.workload_state import Setting

if TYPE_CHECKING:
    from torch import nn

    from helpers.spot_tuning.workload_networks import Augmentation

Scale = Literal["default", "paper"]
SCALES = ("default", "paper")
NOISE = 0.6  # added to pixels of deviation 1, so that training stays noisy


def _small_alexnet(setting: Setting) -> nn.Module:
    from helpers.spot_tuning.workload_models import AlexNet

    return AlexNet(1, [(8, True), (16, True)], [], 8)


def _small_resnet(setting: Setting) -> nn.Module:
    from helpers.spot_tuning.workload_models import ResNet

    return ResNet(
        setting["version"],
        setting["depth"],
        channels=1,
        width=8,
        stages=2,
        stem_stride=2,
    )


def _noise() -> Augmentation:
    from helpers.spot_tuning.workload_networks import noise

    return noise(NOISE)


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        linear_workload(
            "LoR",
            task="logistic regression, handwritten digits",
            metric="cross-entropy",
            loss=cross_entropy,
            data=digits,
            features=64,
            rows_val=449,
            outputs=10,
            values={
                "batch size": (8, 64),
                "learning rate": (0.01, 0.1),
                "decay rate": (0.3, 0.9),
                "decay steps": (10, 25),
            },
            steps=60,
            updates=20,
            alpha=0.6,
            checkpoint_mb=100.0,
        ),
        linear_workload(
            "SVM",
            task="support vector machine, two generated classes",
            metric="hinge loss",
            loss=hinge,
            data=two_classes,
            features=16,
            rows_val=1000,
            values={
                "batch size": (8, 64),
                "learning rate": (0.01, 0.1),
                "decay rate": (0.3, 0.9),
                "kernel": ("rbf", "linear"),
            },
            steps=60,
            updates=20,
            decay_every=20,
            penalty=1e-4,
            fourier=256,
            gamma=0.05,
            alpha=0.6,
            checkpoint_mb=100.0,
        ),
        boosting_workload(
            "GBTR",
            task="boosted regression trees, Friedman's problem",
            data=friedman,
            features=10,
            rows=10240,
            rows_val=2048,
            values={
                "subsample": (1 / 128, 1 / 64),
                "learning rate": (0.03, 0.1),
                "trees": (50, 100),
                "depth": (5, 8),
            },
            alpha=0.7,
            checkpoint_mb=200.0,
        ),
        linear_workload(
            "LiR",
            task="linear regression, generated correlated features",
            metric="mean squared error",
            loss=squared,
            data=correlated_regression,
            features=48,
            rows_val=1000,
            values={
                "batch size": (8, 64),
                "learning rate": (0.003, 0.03),
                "decay rate": (0.3, 0.9),
                "decay steps": (10, 25),
            },
            steps=60,
            updates=20,
            alpha=0.6,
            checkpoint_mb=50.0,
        ),
        network_workload(
            "CNN",
            task="small AlexNet, handwritten digits",
            data=digit_images,
            network=_small_alexnet,
            shape=(1, 8, 8),
            rows_val=449,
            values={
                "batch size": (32, 64),
                "learning rate": (0.01, 0.05),
                "decay rate": (0.1, 0.3),
                "decay epochs": (20, 30),
            },
            steps=50,
            images=320,
            augmentation=_noise,
            alpha=0.8,
            checkpoint_mb=500.0,
        ),
        network_workload(
            "ResNet",
            task="small residual network, handwritten digits",
            data=digit_images,
            network=_small_resnet,
            shape=(1, 8, 8),
            rows_val=449,
            values={
                "version": (1, 2),
                "depth": (6, 10),
                "batch size": (32, 64),
                "decay epochs": ((12, 20), (16, 25)),
            },
            steps=40,
            images=256,
            rate=0.1,
            factor=0.1,
            augmentation=_noise,
            alpha=0.8,
            checkpoint_mb=500.0,
        ),
    )
}


def workload(name: str, scale: Scale = "default") -> Workload:
    """The workload of that name; ValueError with the nearest name if there is none.

    ``scale="paper"``: on the paper's data, see `workload_paper`.

    Examples
    --------
    >>> workload("SVM").steps(0)
    60
    """
    if scale not in SCALES:
        raise unknown_name("scale", scale, SCALES)
    if name not in WORKLOADS:
        raise unknown_name("workload", name, list(WORKLOADS))
    if scale == "paper":
        from helpers.spot_tuning.workload_paper import PAPER_WORKLOADS

        return PAPER_WORKLOADS[name]
    return WORKLOADS[name]
