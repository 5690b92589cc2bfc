"""What is asked of a synthetic photo, and what is known about it afterwards."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.synthetic.geometry import polyline_length

SMALLEST_SIDE = 32
THINNEST_CRACK_PX, WIDEST_CRACK_PX = 0.3, 100.0


@dataclass(frozen=True)
class SceneRecipe:
    """What may appear in a photo of `height` x `width` pixels. Ranges are inclusive (low, high).

    Raises ValueError, naming the field, when a value is out of its range.
    """

    height: int
    width: int
    crack_count: tuple[int, int] = (1, 2)
    """Separate cracks in the photo, each with its branches; (0, 0) for a crack-free photo."""
    crack_width_px: tuple[float, float] = (0.6, 15.0)
    """Mean width of a crack's main branch; wide ones are drawn less often than narrow ones."""
    contrast: tuple[float, float] = (0.15, 0.9)
    """Share of the light that a crack takes away from the surface around it, 0 to 1. Inside
    this range, hairlines and wide cracks are drawn dark enough to be seen and to look deep."""
    lookalike_probability: float = 0.35
    """Chance of each kind of thing that resembles a crack: joint, lettering, shadow, cable."""
    voids_per_megapixel: float = 500.0
    """Mean number of surface voids in a million pixels; each photo has a fifth to double of it."""
    blur_px: tuple[float, float] = (0.2, 0.9)
    """Standard deviation of the lens blur."""

    def __post_init__(self) -> None:
        if min(self.height, self.width) < SMALLEST_SIDE:
            raise ValueError(
                f"height and width must be at least {SMALLEST_SIDE}, got {self.height} and"
                f" {self.width}"
            )
        for name, least, most in (
            ("crack_count", 0, 50),
            ("crack_width_px", THINNEST_CRACK_PX, WIDEST_CRACK_PX),
            ("contrast", 0.0, 1.0),
            ("blur_px", 0.0, 10.0),
        ):
            low, high = getattr(self, name)
            if not least <= low <= high <= most:
                raise ValueError(
                    f"{name} must be (low, high) with {least} <= low <= high <= {most}, got"
                    f" ({low}, {high})"
                )
        if not 0 <= self.lookalike_probability <= 1:
            raise ValueError(
                f"lookalike_probability must be from 0 to 1, got {self.lookalike_probability}"
            )
        if not 0 <= self.voids_per_megapixel <= 20_000:
            raise ValueError(
                f"voids_per_megapixel must be from 0 to 20000, got {self.voids_per_megapixel}"
            )


@dataclass(frozen=True)
class CrackTruth:
    """One unbranched stretch of crack inside the frame; each branch is a truth of its own."""

    centerline_px: NDArray[np.float64]
    """[N, 2] as (x, y); whole numbers are pixel centres."""
    width_px: NDArray[np.float64]
    """[N], across the centreline, linear between its points."""
    contrast: float
    """Share of the light taken away where the crack is darkest, 0 to 1."""

    @property
    def length_px(self) -> float:
        """Length of the centreline."""
        return float(polyline_length(self.centerline_px).sum())

    @property
    def mean_width_px(self) -> float:
        """Mean width, each piece of the centreline weighing as much as it is long."""
        pieces = polyline_length(self.centerline_px)
        return float(np.average((self.width_px[:-1] + self.width_px[1:]) / 2, weights=pieces))


@dataclass(frozen=True)
class VoidTruth:
    """A surface void (bug hole): a rounded pit left by an air bubble."""

    x_px: float
    y_px: float
    radius_px: float
    """Radius of the circle of equal area."""


@dataclass(frozen=True)
class Scene:
    """A photo and everything that is known about it."""

    photo: NDArray[np.uint8]
    """[H, W, 3], RGB."""
    mask: NDArray[np.bool_]
    """[H, W]: crack or not, by the rule of `geometry.mask_from`."""
    coverage: NDArray[np.float32]
    """[H, W], 0 to 1: the share of each pixel that lies on a crack."""
    cracks: tuple[CrackTruth, ...]
    voids: tuple[VoidTruth, ...]
