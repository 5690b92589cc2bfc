"""One photo from one number: the order in which a wall is made, damaged, lit and photographed."""

from collections.abc import Sequence

import numpy as np

from training.synthetic.blemishes import (
    LIME,
    efflorescence,
    punch_voids,
    stain,
    stained,
    tie_hole,
)
from training.synthetic.camera import photographed
from training.synthetic.cracks import Strand, crack_with_branches, map_cracking
from training.synthetic.geometry import (
    centreline_length,
    clip_to_frame,
    draw_polyline,
    mask_from,
)
from training.synthetic.lookalikes import cable, cast_shadow, lettering, random_joints
from training.synthetic.noise import Field, blur, clouds, smooth_noise, smoothstep
from training.synthetic.recipe import CrackTruth, Scene, SceneRecipe
from training.synthetic.surface import FINISHES, Photo, Setting, concrete, weathered

MAP_CRACKING_SHARE = 0.07


def draw_scene(recipe: SceneRecipe, seed: int) -> Scene:
    """The photo that belongs to `seed`: the same recipe and seed give the same pixels.

    Reproducible with one set of NumPy and OpenCV versions; the geometry needs NumPy alone.
    """
    rng = np.random.default_rng(seed)
    setting = random_setting(rng, recipe.height, recipe.width)
    photo = random_wall(rng, setting)
    for _ in range(rng.choice(4, p=[0.4, 0.3, 0.2, 0.1])):
        photo = stain(rng, photo, setting)
    appears = rng.random(4) < recipe.lookalike_probability
    if appears[0]:
        photo = random_joints(rng, photo, setting)
        if rng.random() < 0.3:
            at = rng.uniform((0, 0), (setting.width, setting.height))
            tie_hole(rng, photo, setting, *at, rng.uniform(5, 14))
    voids = punch_voids(rng, photo, setting, recipe.voids_per_megapixel)
    if appears[1]:
        photo = lettering(rng, photo, setting)
    photo, coverage, cracks, centreline = crack(rng, photo, setting, *_cracks(rng, recipe))
    if appears[2]:
        photo = cast_shadow(rng, photo, setting)
    if appears[3]:
        photo = cable(rng, photo, setting, coverage)
    stored = photographed(rng, photo, recipe.blur_px)
    return Scene(stored, mask_from(coverage, centreline), coverage, cracks, voids)


def random_setting(rng: np.random.Generator, height: int, width: int) -> Setting:
    """Light mostly from above, grain mostly near one pixel."""
    angle = -np.pi / 2 + rng.normal(0, 0.7)
    light = (float(np.cos(angle)), float(np.sin(angle)))
    return Setting(height, width, light, float(rng.lognormal(0.25, 0.3)))


def random_wall(rng: np.random.Generator, setting: Setting) -> Photo:
    """Concrete of one of the finishes, some of it weathered, with nothing on it."""
    finish = FINISHES[rng.choice(len(FINISHES), p=[0.4, 0.3, 0.18, 0.12])]
    photo = concrete(rng, setting, finish, rng.uniform(0.48, 0.92))
    if rng.random() < 0.4:
        photo = weathered(rng, photo, rng.uniform(0.1, 0.8))
    return photo


def crack(
    rng: np.random.Generator,
    photo: Photo,
    setting: Setting,
    strands: Sequence[Strand],
    contrasts: Sequence[float],
) -> tuple[Photo, Field, tuple[CrackTruth, ...], Field]:
    """Break the surface along `strands`.

    Returns the photo, the coverage of all strands together (where two overlap in a pixel the
    larger one counts), the truth of each stretch inside the frame, and the length of centreline
    in each pixel.
    """
    height, width = setting.height, setting.width
    coverage, centreline, dark = np.zeros((3, height, width), np.float32)
    along = clouds(rng, height, width, 120, 6, 0.7) if strands else dark
    truths = []
    for strand, contrast in zip(strands, contrasts, strict=True):
        own = draw_polyline(height, width, strand.points, strand.widths)
        coverage = np.maximum(coverage, own)
        # The wall near the light is in shadow, the far one catches some of it.
        usual = float(strand.widths.mean())
        aside = strand.points + 0.15 * usual * np.array(setting.light)
        core = draw_polyline(height, width, aside, 0.6 * usual)
        # Thin cracks come and go; wide ones stay dark.
        fades = np.float32(rng.uniform(0, 0.5) / (1 + usual / 4))
        visible = np.clip(1 - fades + fades * along, 0.35, 1.1)
        dark = np.maximum(dark, own * np.float32(contrast) * (0.8 + 0.2 * core) * visible)
        for points, widths in clip_to_frame(strand.points, strand.widths, height, width):
            centreline += centreline_length(height, width, points)
            truths.append(CrackTruth(points, widths, float(contrast)))
    if truths:
        photo = _broken(rng, photo, setting, coverage, dark)
    return photo, coverage, tuple(truths), centreline


def least_contrast(width_px: float) -> float:
    """A hairline fainter than 0.4 / width drowns in the grain; a wide crack is deep, so dark."""
    return max(0.4 / width_px, min(0.05 + 0.12 * width_px, 0.8))


def _broken(
    rng: np.random.Generator, photo: Photo, setting: Setting, coverage: Field, dark: Field
) -> Photo:
    """The crack's darkness, and its chipped, lit and soiled rims."""
    height, width = setting.height, setting.width
    lit_side = np.roll(coverage, (round(-setting.light[1]), round(-setting.light[0])), (0, 1))
    chipped = blur(coverage, rng.uniform(1.0, 2.2)) * smoothstep(
        smooth_noise(rng, height, width, 7, 7), 0.3, 1.6
    )
    rim = (rng.uniform(0, 0.12) * lit_side + rng.uniform(0, 0.35) * chipped) * (1 - coverage)
    rim -= rng.uniform(0, 0.15) * blur(coverage, rng.uniform(2, 6)) * (1 - coverage)
    photo = photo * (1 + rim)[..., None]
    if rng.random() < 0.12:
        photo = stained(photo, efflorescence(rng, coverage), LIME)
    uneven = 1 + 0.05 * smooth_noise(rng, height, width, 3, 3)
    shade = np.clip(dark * uneven, 0, 0.97)[..., None]
    # What light there is in a crack has bounced off its walls, and is the warmer for it.
    return photo * (1 - shade * np.array([0.98, 1.0, 1.02], np.float32))


def _cracks(rng: np.random.Generator, recipe: SceneRecipe) -> tuple[list[Strand], list[float]]:
    """Strands and their contrasts: branches are as dark as their crack, or fainter."""
    strands: list[Strand] = []
    contrasts: list[float] = []
    low, high = recipe.contrast
    for _ in range(rng.integers(recipe.crack_count[0], recipe.crack_count[1] + 1)):
        is_map = rng.random() < MAP_CRACKING_SHARE
        family = map_cracking(rng, recipe) if is_map else crack_with_branches(rng, recipe)
        darkness = rng.random()
        for strand in family:
            least = np.clip(least_contrast(float(strand.widths.mean())), low, high)
            contrasts.append(float(least + darkness * rng.uniform(0.7, 1.0) * (high - least)))
        strands += family
    return strands, contrasts
