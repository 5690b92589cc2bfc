"""Recipes: every number that decides a training run, in one frozen value that the run folder keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

# Relative shares of crops. Precise close-ups carry the weight, whole field photos and crack-free photos
# stand beside them. Sources with masks far wider than the crack (weight 0) stay out: without them F1 within
# 2 px on validation rose (docs/decisions/0005), and a width is read off the mask.
FIELD_WEIGHTS: Mapping[str, float] = {
    "samir-concrete256": 22,
    "samir-concrete256-negative": 5,
    "conglomerate-rissbilder": 6,
    "conglomerate-volker": 3,
    "conglomerate-noncrack-negative": 6,
    "conglomerate-pavement": 0,
    "ozgenel-cls-negative": 9,
    "cracksight": 10,
    "cracksight-fullsize": 10,
    "uav75": 9,
    "nha12d-concretepavement": 8,
    "nha12d-asphalt": 4,
    "phinet-coarse": 6,
    "flor-crackconcrete": 0,
    "fanlei-misc": 0,
    "toshimickey-c1": 2,
    "toshimickey-c1-negative": 2,
    "dais-masonry": 5,
    "flor-cracktile": 0,
    "sut-crack-512": 1,
    "crack500-full256": 0,
    "crack500-crops360-fredy": 0,
    "deepcrack-256": 40,  # only in runs that name their sources, or leave out `cfd` alone
}

# Not rows of an index: drawn anew for every crop (training.synthetic), voids, joints and lettering as background.
SYNTHETIC = "synthetic"
SYNTHETIC_CRACK_FREE_SHARE = 0.3
# Wide ones among them: gaping cracks are rare in the photos at hand, and were called background inside.
SYNTHETIC_CRACK_WIDTH_PX = (0.6, 40.0)

# Masks that only say "somewhere here": background outside them is true, inside nothing is known.
COARSE_SOURCES = frozenset({"phinet-coarse"})

# Non-commercial licences: never in weights that are shipped (models/README.md).
NON_COMMERCIAL_SOURCES = ("cfd", "deepcrack-256")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. Sizes in pixels, shares and probabilities in 0 to 1."""

    name: str
    loss: str  # a key of training.losses.LOSSES
    learning_rate: float  # peak
    batch_size: int
    epochs: int
    crop_size: int
    monitor: str  # validation metric whose best epoch is kept
    augment: bool
    seed: int = 0
    steps_per_epoch: int = 0  # 0: once through the training rows
    weight_decay: float = 0.0
    clip_norm: float | None = None
    cosine_decay: bool = False
    warmup_share: float = 0.0  # of all steps
    dropout: bool = True  # False: the network's dropout layers pass everything on
    crack_centred_share: float = 0.0
    native_share: float = 0.0  # of the photographed crops, neither scaled nor stretched
    scale_range: tuple[float, float] = (1.0, 1.0)  # of the others, drawn log-uniformly
    widest_stretch: float = (
        1.0  # height over width of what becomes a square crop, up to this or its inverse
    )
    hard_share: float = (
        0.0  # of the photographed crops, round hard places, where a run is given some
    )
    source_weights: Mapping[str, float] = field(default_factory=dict)  # 1 where none is given
    synthetic_share: float = 0.0  # of all crops; the other crops are shared out by source_weights
    coarse_sources: frozenset[str] = frozenset()
    validation_crops: int = 0  # 0: every validation row, resized to crop_size


def paper(architecture: str) -> Recipe:
    """The paper's protocol (sections 2.6 to 2.9): 256x256 by resizing, Dice, Adam, 50 epochs, no augmentation.

    The paper trains no FCN of its own; why 1e-4 in batches of 4: docs/decisions/0007-paper-protocol.md.
    """
    rates = {"unet": (4e-4, 8), "deeplabv3plus": (2e-4, 4), "fcn8s": (1e-4, 4)}
    learning_rate, batch_size = rates[architecture]
    return Recipe(
        name="paper",
        loss="dice",
        learning_rate=learning_rate,
        batch_size=batch_size,
        epochs=50,
        crop_size=256,
        monitor="val_dice_soft_batch",
        augment=False,
    )


def field_recipe(architecture: str) -> Recipe:
    """Crops at native resolution from every kind of photo, augmented; what the shipped models come from."""
    return Recipe(
        name="field",
        loss="bce_dice",
        learning_rate=3e-4,
        batch_size=4,
        epochs=40,
        crop_size=256,
        monitor="val_mean_f1_within_2px",
        augment=True,
        steps_per_epoch=100,
        weight_decay=1e-4,
        clip_norm=1.0,
        cosine_decay=True,
        warmup_share=0.05,
        dropout=False,
        crack_centred_share=0.65,
        native_share=0.5,
        scale_range=(0.6, 2.0),
        widest_stretch=1.5,
        hard_share=0.3,
        source_weights=FIELD_WEIGHTS,
        synthetic_share=0.3,
        coarse_sources=COARSE_SOURCES,
        validation_crops=120,
    )


RECIPES = {"paper": paper, "field": field_recipe}


def override(recipe: Recipe, **changes: object) -> Recipe:
    """The recipe with the named fields replaced; None means "as it is"."""
    return replace(recipe, **{key: value for key, value in changes.items() if value is not None})
