"""What augmentation may change and what it must leave alone."""

import cv2
import numpy as np
import pytest

from training.augment import FAINTEST, _fade, photometric
from training.crops import UNKNOWN
from training.distractors import draw_distractors


@pytest.mark.parametrize("seed", range(25))
def test_augmentation_varies_the_photo_and_leaves_the_target(seed):
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (40, 56, 3), np.uint8)
    target = (rng.random((40, 56)) < 0.05).astype(np.float32)
    target[:5] = UNKNOWN
    photo_before, target_before = photo.copy(), target.copy()
    varied = photometric(photo, target, rng)
    assert (varied.shape, varied.dtype) == (photo.shape, np.uint8)
    np.testing.assert_array_equal(photo, photo_before)
    np.testing.assert_array_equal(target, target_before)


@pytest.mark.parametrize("seed", range(40))
def test_distractors_cover_no_crack(seed):
    """Paint spares the crack; shade lets it shine through: all colours darker by one factor."""
    rng = np.random.default_rng(seed)
    image = rng.uniform(100, 200, (96, 96, 3)).astype(np.float32)
    target = np.zeros((96, 96), np.float32)
    target[40:43], target[:, 60] = 1, 0.4
    target[80:, :20] = UNKNOWN
    drawn = draw_distractors(image, target, rng)
    beside = cv2.dilate((target > 0).astype(np.uint8), np.ones((7, 7))) > 0
    kept = drawn[beside] / image[beside]
    assert ((kept > 0) & (kept <= 1)).all()
    np.testing.assert_allclose(kept, kept[:, :1].repeat(3, axis=1), rtol=1e-5)


def test_distractors_do_cover_the_background():
    image, target = np.full((96, 96, 3), 150, np.float32), np.zeros((96, 96), np.float32)
    drawn = [draw_distractors(image, target, np.random.default_rng(seed)) for seed in range(20)]
    assert sum((each != image).any() for each in drawn) >= 15


def wall_with_crack(width: int, dark: float, grain: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(0).normal(150, grain, (96, 96, 1)).repeat(3, axis=2)
    target = np.zeros((96, 96), np.float32)
    target[40 : 40 + width] = 1
    image[target > 0] -= dark
    return image.astype(np.float32), target


def depth_of(image: np.ndarray, target: np.ndarray) -> float:
    return float(image[60:].mean() - image[target > 0].mean())


@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_crack_fades_but_stays_to_be_seen(width):
    image, target = wall_with_crack(width, dark=60)
    depths = [
        depth_of(_fade(image, target, np.random.default_rng(seed)), target) for seed in range(30)
    ]
    assert min(depths) > FAINTEST - 3  # grain moves it by a level or two
    assert min(depths) < 20
    assert max(depths) > 45


def test_fading_leaves_the_wall_alone():
    image, target = wall_with_crack(3, dark=60)
    away = cv2.dilate(target, np.ones((15, 15))) == 0
    faded = _fade(image, target, np.random.default_rng(1))
    np.testing.assert_allclose(faded[away], image[away], atol=1e-3)


@pytest.mark.parametrize(
    ("width", "dark"), [(20, 60), (3, 5), (3, -40)], ids=["wide", "faint", "lighter"]
)
def test_wide_faint_and_light_cracks_stay_as_they_are(width, dark):
    image, target = wall_with_crack(width, dark)
    assert _fade(image, target, np.random.default_rng(0)) is image


@pytest.mark.parametrize("value", [0.0, UNKNOWN, 1.0])
def test_where_there_is_no_crack_or_no_wall_nothing_fades(value):
    image, _ = wall_with_crack(1, 0)
    target = np.full((96, 96), value, np.float32)
    assert _fade(image, target, np.random.default_rng(0)) is image
