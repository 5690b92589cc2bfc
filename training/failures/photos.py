"""The drawn photos that failures are measured on, each from a seed that training never draws."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from training.failures.classes import WIDTHS_PX, Row
from training.synthetic import Scene, SceneRecipe, draw_scene
from training.synthetic.blemishes import stain, tie_hole
from training.synthetic.camera import photographed
from training.synthetic.lookalikes import cable, cast_shadow, lettering, random_joints
from training.synthetic.scene import random_setting, random_wall
from training.synthetic.surface import Photo, Setting

SIDE_PX = 512
# Training draws its seeds below 2^31, `benchmarks.measurement` a few from 2^31 on.
FIRST_SEED = 2**32
MOST_PHOTOS = 2**20
# Of the full light: a look-alike that changes no more pixels by as much is out of the frame or too faint to mislead.
NOTICEABLE = 0.1
LEAST_NOTICEABLE_PX = 50
VOIDS = SceneRecipe(
    SIDE_PX, SIDE_PX, crack_count=(0, 0), lookalike_probability=0, voids_per_megapixel=2000
)
CRACKS = SceneRecipe(
    SIDE_PX, SIDE_PX, crack_width_px=(WIDTHS_PX[0], WIDTHS_PX[-1]), lookalike_probability=0
)

Blemish = Callable[[np.random.Generator, Photo, Setting], Photo]


def _cable(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    return cable(rng, photo, setting, np.zeros(photo.shape[:2], np.float32))


def _tie_hole(rng: np.random.Generator, photo: Photo, setting: Setting) -> Photo:
    """As large as the generator would make one, and wholly in the photo."""
    holed = photo.copy()
    x, y = rng.uniform(20, SIDE_PX - 20, 2)
    tie_hole(rng, holed, setting, x, y, rng.uniform(5, 14))
    return holed


LOOKALIKES: Mapping[str, Blemish] = {
    "joint": random_joints,
    "lettering": lettering,
    "shadow": cast_shadow,
    "cable": _cable,
    "tie hole": _tie_hole,
    "stain": stain,
}
NOTHING = "nothing"
WALLS = (NOTHING, *LOOKALIKES)


@dataclass(frozen=True)
class DrawnPhoto:
    """What to draw: `kind` is `voids`, `cracks` or one of WALLS."""

    kind: str
    seed: int

    def draw(self) -> Scene:
        """The photo and its truth, SIDE_PX square; the same for the same kind and seed."""
        if self.kind in WALLS:
            return _wall(self.kind, self.seed)
        return draw_scene(VOIDS if self.kind == "voids" else CRACKS, self.seed)


def drawn_photos(count: int) -> Iterator[DrawnPhoto]:
    """`count` photos with voids, `count` with cracks, and at least as many crack-free WALLS, as many of each kind.

    Every kind of wall comes from the same seeds: the same concrete in the same light, with one thing on it.
    """
    for block, kind in enumerate(("voids", "cracks", *WALLS)):
        first = FIRST_SEED + min(block, 2) * MOST_PHOTOS
        photos = -(-count // len(WALLS)) if kind in WALLS else count
        yield from (DrawnPhoto(kind, seed) for seed in range(first, first + photos))


def seeds_of(photos: Iterable[DrawnPhoto]) -> list[Row]:
    """The rows `drawn` of the JSON file (training.failures)."""
    seeds: dict[str, list[int]] = {}
    for photo in photos:
        seeds.setdefault(photo.kind, []).append(photo.seed)
    return [
        {"photos": kind, "count": len(own), "first_seed": min(own), "last_seed": max(own)}
        for kind, own in seeds.items()
    ]


def _wall(kind: str, seed: int) -> Scene:
    rng, camera = np.random.default_rng(seed), np.random.default_rng((seed, 1))
    setting = random_setting(rng, SIDE_PX, SIDE_PX)
    wall = bare = random_wall(rng, setting)
    while kind != NOTHING and not _is_noticeable(wall, bare):
        wall = LOOKALIKES[kind](rng, bare, setting)
    nowhere = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    stored = photographed(camera, wall, VOIDS.blur_px)
    return Scene(stored, nowhere > 0, nowhere, (), ())


def _is_noticeable(wall: Photo, bare: Photo) -> bool:
    changed = np.abs(wall.clip(0, 1) - bare.clip(0, 1)).max(axis=2) > NOTICEABLE
    return int(np.count_nonzero(changed)) > LEAST_NOTICEABLE_PX
