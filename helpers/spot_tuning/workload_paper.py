"""The six workloads on the paper's data sets, for a machine with time (and a GPU).

Which data and hyper-parameters there are is recalled; their values, the lengths of
trials and the layouts of the networks are reconstructed. The data come from
the store, see `workload_files`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.spot_tuning.workload import Workload
from helpers.spot_tuning.workload_data import Split, friedman, two_classes
from helpers.spot_tuning.workload_families import (
    boosting_workload,
    linear_workload,
    network_workload,
)
from helpers.spot_tuning.workload_linear import cross_entropy, hinge, squared
from helpers.spot_tuning.workload_paper_data import (
    EPSILON_FEATURES,
    YEAR_FEATURES,
    cifar10,
    epsilon,
    year_prediction,
)
from helpers.spot_tuning.workload_state import Setting

if TYPE_CHECKING:
    from torch import nn

    from helpers.spot_tuning.workload_networks import Augmentation

SVM_ROWS = 100_000
GBTR_ROWS = 1_200_000


def _svm_data(seed: int) -> Split:
    return two_classes(seed, SVM_ROWS)


def _gbtr_data(seed: int) -> Split:
    return friedman(seed, GBTR_ROWS)


def alexnet(setting: Setting) -> nn.Module:
    """AlexNet's five convolutions and two hidden layers, for 32 x 32 pixels."""
    from helpers.spot_tuning.workload_models import AlexNet

    return AlexNet(
        3,
        [(64, True), (192, True), (384, False), (256, False), (256, True)],
        [4096, 4096],
        32,
        dropout=0.5,
    )


def resnet(setting: Setting) -> nn.Module:
    """ResNet of depth 20 or 29, both ``9 n + 2``: three bottlenecks per stage and n.

    Depth 29 is no ``6 n + 2``, so plain blocks cannot make it; that both versions
    have bottlenecks is our reading.
    """
    from helpers.spot_tuning.workload_models import ResNet

    return ResNet(
        setting["version"],
        setting["depth"],
        channels=3,
        width=16,
        stages=3,
        bottleneck=True,
    )


def _augmentation() -> Augmentation:
    from helpers.spot_tuning.workload_networks import crop_and_flip

    return crop_and_flip(4)


def _device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


PAPER_WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        linear_workload(
            "LoR",
            task="logistic regression, Epsilon",
            metric="cross-entropy",
            loss=cross_entropy,
            data=epsilon,
            features=EPSILON_FEATURES,
            rows_val=100_000,
            outputs=2,
            values={
                "batch size": (64, 512),
                "learning rate": (0.5, 2.0),
                "decay rate": (0.3, 0.9),
                "decay steps": (20, 50),
            },
            steps=120,
            updates=200,
            alpha=0.6,
            checkpoint_mb=100.0,
        ),
        linear_workload(
            "SVM",
            task="support vector machine, two generated classes",
            metric="hinge loss",
            loss=hinge,
            data=_svm_data,
            features=16,
            rows_val=SVM_ROWS // 4,
            values={
                "batch size": (64, 512),
                "learning rate": (0.01, 0.1),
                "decay rate": (0.3, 0.9),
                "kernel": ("rbf", "linear"),
            },
            steps=120,
            updates=200,
            decay_every=40,
            penalty=1e-5,
            fourier=512,
            gamma=0.05,
            alpha=0.6,
            checkpoint_mb=100.0,
        ),
        boosting_workload(
            "GBTR",
            task="boosted regression trees, Friedman's problem",
            data=_gbtr_data,
            features=10,
            rows=GBTR_ROWS * 5 // 6,
            rows_val=GBTR_ROWS // 6,
            values={
                "subsample": (1 / 128, 1 / 64),
                "learning rate": (0.01, 0.1),
                "trees": (200, 400),
                "depth": (5, 8),
            },
            alpha=0.7,
            checkpoint_mb=200.0,
        ),
        linear_workload(
            "LiR",
            task="linear regression, YearPredictionMSD",
            metric="mean squared error",
            loss=squared,
            data=year_prediction,
            features=YEAR_FEATURES,
            rows_val=51_630,
            values={
                "batch size": (64, 512),
                "learning rate": (0.001, 0.01),
                "decay rate": (0.3, 0.9),
                "decay steps": (20, 50),
            },
            steps=120,
            updates=200,
            alpha=0.6,
            checkpoint_mb=50.0,
        ),
        network_workload(
            "CNN",
            task="AlexNet, CIFAR-10",
            data=cifar10,
            network=alexnet,
            shape=(3, 32, 32),
            rows_val=10_000,
            values={
                "batch size": (64, 256),
                "learning rate": (0.01, 0.03),
                "decay rate": (0.1, 0.3),
                "decay epochs": (40, 60),
            },
            steps=100,
            images=50_000,
            augmentation=_augmentation,
            device=_device,
            alpha=0.8,
            checkpoint_mb=300.0,
        ),
        network_workload(
            "ResNet",
            task="residual network, CIFAR-10",
            data=cifar10,
            network=resnet,
            shape=(3, 32, 32),
            rows_val=10_000,
            values={
                "version": (1, 2),
                "depth": (20, 29),
                "batch size": (64, 256),
                "decay epochs": ((30, 50), (40, 60)),
            },
            steps=100,
            images=50_000,
            rate=0.1,
            factor=0.1,
            augmentation=_augmentation,
            penalty=1e-4,
            device=_device,
            alpha=0.8,
            checkpoint_mb=10.0,
        ),
    )
}
