"""How the paper's classifiers are built and trained: ResNet-18 on three image sets.

Networks, epochs, batches and rates are those of the released training code. Its file
for CIFAR-10 moves and mirrors images; that the other two sets are left as they are,
and the constants of the normalisation, are our reading.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Recipe:
    """How a classifier of the paper is trained and recorded.

    Attributes
    ----------
    epochs, batch : int
    rate : float
        Highest learning rate.
    weight_decay, momentum : float
        Of stochastic gradient descent with Nesterov's momentum.
    warm_up : float
        Share of the steps in which the rate rises; then it falls as a cosine.
    crop : int
        Pixels by which training images are moved at most.
    flip : bool
        Whether half of them are mirrored.
    mean, deviation : tuple of float
        Of each channel, for pixels in [0, 1].
    checkpoints : tuple of int
        Epochs that are recorded.
    lower : float
        See `boundary_samples.BoundarySampler`.
    sizes, depths : tuple of int
        Channels and blocks of the network's stages; by default ResNet-18.
    small_stem : bool
        3 x 3 pixels without pooling, instead of 7 x 7 with it.
    """

    epochs: int
    batch: int
    rate: float
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    checkpoints: tuple[int, ...]
    lower: float
    weight_decay: float = 1e-2
    momentum: float = 0.9
    warm_up: float = 0.3
    crop: int = 0
    flip: bool = False
    sizes: tuple[int, ...] = (64, 128, 256, 512)
    depths: tuple[int, ...] = (2, 2, 2, 2)
    small_stem: bool = False


RECIPES = {
    "cifar10": Recipe(
        epochs=200,
        batch=256,
        rate=1e-2,
        mean=(0.4914, 0.4822, 0.4465),
        deviation=(0.2471, 0.2435, 0.2616),
        checkpoints=(40, 80, 120, 160, 200),
        lower=0.6,
        crop=4,
        flip=True,
        small_stem=True,
    ),
    "mnist": Recipe(
        epochs=20,
        batch=250,
        rate=5e-3,
        mean=(0.1307,),
        deviation=(0.3081,),
        checkpoints=(4, 8, 12, 16, 20),
        lower=0.5,
    ),
    "fashion_mnist": Recipe(
        epochs=50,
        batch=250,
        rate=5e-3,
        mean=(0.2860,),
        deviation=(0.3530,),
        checkpoints=(10, 20, 30, 40, 50),
        lower=0.5,
    ),
}


class ResNet(nn.Module):
    """transformers' ResNet with a linear head; the pooled features are the input of it.

    Parameters
    ----------
    recipe : Recipe
    classes : int
    """

    def __init__(self, recipe: Recipe, classes: int = 10) -> None:
        from transformers import ResNetConfig, ResNetModel

        super().__init__()
        config = ResNetConfig(
            num_channels=len(recipe.mean),
            embedding_size=recipe.sizes[0],
            hidden_sizes=list(recipe.sizes),
            depths=list(recipe.depths),
            layer_type="basic",
        )
        self.body = ResNetModel(config)
        if recipe.small_stem:
            stem = self.body.embedder
            stem.embedder.convolution = nn.Conv2d(
                len(recipe.mean), recipe.sizes[0], 3, padding=1, bias=False
            )
            nn.init.kaiming_normal_(stem.embedder.convolution.weight, mode="fan_out")
            stem.register_module("pooler", nn.Identity())
        self.fc = nn.Linear(recipe.sizes[-1], classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.fc(self.body(images).pooler_output.flatten(1))
