"""What a photo can show: blur, light and distance, on photos degraded by known amounts."""

import math
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.quality import LARGEST_SIGMA_PX, Quality, assess
from training.synthetic import SceneRecipe, draw_scene

SEEDS = range(300, 312)


@cache
def concrete(seed: int) -> np.ndarray:
    """A drawn photo, every third without a crack."""
    return draw_scene(SceneRecipe(384, 448, crack_count=(min(seed % 3, 1), 2)), seed).photo


def degraded(photo: np.ndarray, sigma: float, noise: float = 0, jpeg: int = 0) -> np.ndarray:
    """Blurred, then given sensor noise (grey levels) and compressed, as a camera would."""
    values = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), sigma)
    grain = np.random.default_rng(round(10 * sigma)).normal(0, noise, photo.shape[:2])
    stored = np.clip(values + grain[..., None] + 0.5, 0, 255).astype(np.uint8)
    if jpeg:
        packed = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, jpeg])[1]
        stored = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    return stored


def exposed(photo: np.ndarray, stops: float) -> np.ndarray:
    """The photo with 2^stops times the light, clipped; a power of 2.2 stands for sRGB."""
    light = (photo / 255) ** 2.2 * 2**stops
    return (255 * np.clip(light, 0, 1) ** (1 / 2.2) + 0.5).astype(np.uint8)


def grey(level: int, height: int = 200, width: int = 300) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.parametrize("seed", SEEDS)
def test_sharp_photo_has_no_warning(seed: int) -> None:
    quality = assess(concrete(seed), 0.05)
    assert quality.warnings == ()
    assert 0 <= quality.blur_sigma_px <= 2
    assert quality.sharpness > 0.5


@pytest.mark.parametrize(
    ("sigma", "noise", "jpeg"), [(3, 0, 0), (3, 2, 85), (4, 1.5, 75), (6, 1.5, 90), (10, 1, 90)]
)
def test_blurred_photo_says_so(sigma: float, noise: float, jpeg: int) -> None:
    for seed in SEEDS:
        quality = assess(degraded(concrete(seed), sigma, noise, jpeg), None)
        assert quality.warnings == ("blurred",), seed
        assert quality.sharpness < 0.6


def test_blur_is_read_in_pixels() -> None:
    """Within a quarter on average, own blur of the photo included; without noise, in order for every photo."""
    sigmas = (1.5, 2.0, 3.0, 4.0)
    read = np.array(
        [[assess(degraded(concrete(s), b), None).blur_sigma_px for b in sigmas] for s in SEEDS]
    )
    assert (np.diff(read, axis=1) > 0).all()
    np.testing.assert_allclose(np.median(read, axis=0), sigmas, rtol=0.25)


def test_smooth_concrete_is_not_taken_for_blur() -> None:
    """Hardly any contrast, a few pits: gradients are a tenth of the usual, and sharp."""
    rng = np.random.default_rng(1)
    photo = np.full((300, 400), 165, np.float32)
    rows, columns = rng.integers(10, (290, 390), (60, 2)).T
    photo[rows, columns] -= 40
    photo = cv2.GaussianBlur(photo, (0, 0), 0.7) + rng.normal(0, 1, photo.shape)
    smooth = np.repeat(np.clip(photo, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    assert assess(smooth, None).warnings == ()
    assert assess(degraded(smooth, 3), None).warnings == ("blurred",)


def test_one_soft_shadow_does_not_blur_a_photo() -> None:
    x = np.arange(448, dtype=np.float32)
    shadow = 1 - 0.5 / (1 + np.exp((x - 200) / 12))
    for seed in SEEDS:
        shaded = (concrete(seed) * shadow[None, :, None]).astype(np.uint8)
        assert "blurred" not in assess(shaded, None).warnings, seed


def test_blur_widens_what_can_be_measured() -> None:
    sharp, soft = concrete(301), degraded(concrete(301), 4)
    assert assess(sharp, None).smallest_measurable_width_px == 3
    quality = assess(soft, 0.1)
    assert quality.smallest_measurable_width_px == pytest.approx(2.355 * quality.blur_sigma_px)
    assert quality.smallest_measurable_width_px > 6
    assert quality.smallest_measurable_width_mm == pytest.approx(
        0.1 * quality.smallest_measurable_width_px
    )


def test_sharpness_is_the_contrast_that_a_line_of_3_px_keeps() -> None:
    line = np.zeros(401)
    line[199:202] = 1
    quality = assess(degraded(concrete(301), 3), None)
    x = np.arange(-200, 201)
    kernel = np.exp(-(x**2) / (2 * quality.blur_sigma_px**2))
    middle = (line * kernel).sum() / kernel.sum()
    assert quality.sharpness == pytest.approx(middle, abs=0.01)


@pytest.mark.parametrize(
    ("mm_per_px", "smallest_mm", "is_too_far"),
    [
        (None, None, False),
        (0.03, 0.09, False),
        (0.1, 0.3, False),
        (0.101, 0.303, True),
        (1, 3, True),
    ],
)
def test_distance(mm_per_px: float | None, smallest_mm: float | None, is_too_far: bool) -> None:
    quality = assess(concrete(301), mm_per_px)
    assert quality.smallest_measurable_width_mm == pytest.approx(smallest_mm)
    assert quality.warnings == (("too-far",) if is_too_far else ())


@pytest.mark.parametrize(
    ("stops", "warnings"),
    [(-6, {"underexposed"}), (-1, set()), (0, set()), (3, {"overexposed"})],
)
def test_light(stops: float, warnings: set[str]) -> None:
    for seed in SEEDS:
        found = set(assess(exposed(concrete(seed), stops), None).warnings)
        assert found - {"blurred"} == warnings, seed


def test_a_part_in_the_dark_or_burnt_out_counts_from_a_quarter() -> None:
    photo = concrete(301)
    height = len(photo)
    for level, warning in ((5, "underexposed"), (255, "overexposed")):
        for share, is_warned in ((0.2, False), (0.3, True)):
            lost = photo.copy()
            lost[: round(share * height)] = level
            assert (warning in assess(lost, None).warnings) is is_warned


def test_exposure_figures() -> None:
    photo = grey(120)
    photo[:20], photo[20:70] = 0, 255  # a tenth, a quarter
    quality = assess(photo, None)
    assert quality.luminance_median == 120
    assert quality.black_share == pytest.approx(0.1)
    assert quality.white_share == pytest.approx(0.25)
    assert quality.warnings == ()


@pytest.mark.parametrize(
    ("level", "warnings"),
    [
        (0, ("blurred", "underexposed")),
        (128, ("blurred",)),
        (255, ("blurred", "overexposed")),
    ],
)
def test_photo_of_nothing_is_not_assessable(level: int, warnings: tuple[str, ...]) -> None:
    quality = assess(grey(level), None)
    assert quality.warnings == warnings
    assert quality.blur_sigma_px == LARGEST_SIGMA_PX


def test_large_photo_is_judged_by_a_sample_all_over_it() -> None:
    """Ten megapixels, of which a fifteenth is looked at."""
    photo = np.tile(concrete(301), (7, 8, 1))
    assert assess(photo, None).warnings == ()
    assert assess(degraded(photo, 3), None).warnings == ("blurred",)


@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    seed=st.integers(0, 999),
    scale=st.none() | st.floats(1e-3, 100),
)
@settings(deadline=None, max_examples=60)
def test_any_photo_has_sane_figures(
    height: int, width: int, seed: int, scale: float | None
) -> None:
    photo = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    quality = assess(photo, scale)
    assert isinstance(quality, Quality)
    assert 0 <= quality.blur_sigma_px <= LARGEST_SIGMA_PX
    assert 0 <= quality.sharpness <= 1
    assert 0 <= quality.black_share <= 1
    assert 0 <= quality.white_share <= 1
    assert math.isfinite(quality.smallest_measurable_width_px)
    assert quality.smallest_measurable_width_px >= 3
    assert (quality.smallest_measurable_width_mm is None) is (scale is None)
