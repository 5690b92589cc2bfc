"""Cracks of known size, drawn with exact area coverage, measured through the front door."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.errors import InvalidParameter
from app.measurement import Crack, Measurement, measure, outline

Map = NDArray[np.float32]

EMPTY = {
    "crack_pixels": 0,
    "crack_ratio": 0.0,
    "crack_count": 0,
    "total_length_px": 0.0,
    "mean_width_px": 0.0,
    "max_width_px": 0.0,
    "cracks": (),
}


def coverage(shape: tuple[int, int], inside, samples: int = 8) -> Map:
    """Share of each pixel's area for which inside(x, y) holds; pixel centres at whole numbers."""
    height, width = shape
    x = (np.arange(width * samples) + 0.5) / samples - 0.5
    y = (np.arange(height * samples) + 0.5) / samples - 0.5
    hit = inside(x[None, :], y[:, None])
    return (
        np.broadcast_to(hit, (height * samples, width * samples))
        .reshape(height, samples, width, samples)
        .mean(axis=(1, 3), dtype=np.float32)
    )


def bar(
    shape: tuple[int, int],
    center: tuple[float, float],
    length: float,
    width: float,
    degrees: float,
) -> Map:
    """A straight crack; degrees count from the x axis, rising on the photo."""
    along_x, along_y = math.cos(math.radians(degrees)), -math.sin(math.radians(degrees))

    def inside(x, y):
        along = (x - center[0]) * along_x + (y - center[1]) * along_y
        beside = (y - center[1]) * along_x - (x - center[0]) * along_y
        return (np.abs(along) <= length / 2) & (np.abs(beside) <= width / 2)

    return coverage(shape, inside)


def only(measurement: Measurement) -> Crack:
    assert measurement.crack_count == 1
    return measurement.cracks[0]


def turn_between(degrees: float, other: float) -> float:
    """Smallest angle between two axes."""
    return abs((degrees - other + 90) % 180 - 90)


def offset(*seed: float) -> tuple[float, float]:
    """A sub-pixel position that differs from bar to bar and not from run to run."""
    x, y = np.random.default_rng([round(10 * s) for s in seed]).random(2)
    return 50 + x, 50 + y


@pytest.mark.parametrize("width", [1, 1.5, 2, 3, 5, 10])
@pytest.mark.parametrize("degrees", range(0, 180, 5))
def test_soft_bar_reads_its_own_size(width, degrees):
    length = 70.0
    crack = only(measure(bar((101, 101), offset(width, degrees), length, width, degrees), 0.5))
    assert len(crack.centerlines_px) == 1
    assert crack.length_px == pytest.approx(length, abs=1 if width == 1 else 0.5)
    assert crack.width_px.mean == pytest.approx(width, abs=0.15)
    assert crack.width_px.median == pytest.approx(width, abs=0.15)
    assert crack.width_px.median <= crack.width_px.p95 <= crack.width_px.max < width + 0.25
    assert crack.width_px.uncertainty >= 0.5
    assert turn_between(crack.orientation_deg, degrees) < 2


@pytest.mark.parametrize("width", [3, 5, 10])
@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_soft_bar_from_three_pixels_is_exact_to_half_a_percent(width, degrees):
    crack = only(measure(bar((101, 101), offset(width, degrees), 70, width, degrees), 0.5))
    assert crack.length_px == pytest.approx(70, abs=0.35)
    assert crack.width_px.mean == pytest.approx(width, abs=0.06)


@pytest.mark.parametrize("width", [2, 3, 5, 10])
@pytest.mark.parametrize("degrees", range(0, 180, 15))
def test_binary_mask_is_within_a_pixel(width, degrees):
    """A bar along the axes covers 3 or 4 whole pixels where 3.5 were true: no better is there."""
    soft = bar((101, 101), offset(width, degrees), 70, width, degrees)
    crack = only(measure((soft >= 0.5).astype(np.float32), 0.5))
    assert crack.length_px == pytest.approx(70, abs=1.5)
    assert crack.width_px.mean == pytest.approx(width, abs=1.001)
    assert turn_between(crack.orientation_deg, degrees) < 2


@pytest.mark.parametrize("degrees", [20, 40, 70, 110, 160])
def test_binary_mask_off_the_axes_is_within_a_quarter_pixel(degrees):
    soft = bar((101, 101), offset(degrees), 70, 5, degrees)
    crack = only(measure((soft >= 0.5).astype(np.float32), 0.5))
    assert crack.width_px.mean == pytest.approx(5, abs=0.25)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8])
def test_width_of_a_blurred_crack_does_not_depend_on_the_threshold(threshold):
    # A crack of 6 px blurred over 3 px: a trapezoid of the same integral.
    y = np.arange(60, dtype=np.float32)[:, None]
    profile = np.clip((4.5 - np.abs(y - 30.0)) / 3, 0, 1)
    crack = only(measure(np.repeat(profile, 80, axis=1).astype(np.float32), threshold))
    assert crack.width_px.mean == pytest.approx(6, abs=0.05)


def test_centerline_runs_along_the_bar():
    crack = only(measure(bar((101, 101), (50.3, 50.7), 70, 4, 30), 0.5))
    (line,) = crack.centerlines_px
    assert line.dtype == np.float64
    x, y = line.T
    beside = (y - 50.7) * math.cos(math.radians(30)) + (x - 50.3) * math.sin(math.radians(30))
    assert np.abs(beside).max() < 0.2
    assert len(line) < 10


@given(
    width=st.floats(1.5, 9),
    degrees=st.floats(0, 180),
    x=st.floats(29, 31),
    y=st.floats(29, 31),
)
@settings(max_examples=250, deadline=None)
def test_turning_the_map_turns_the_crack(width, degrees, x, y):
    probability = bar((61, 66), (x, y), 44, width, degrees)
    crack = only(measure(probability, 0.5))
    # rot90 turns counter-clockwise as seen; transposing mirrors at the falling diagonal.
    turned = only(measure(np.rot90(probability).copy(), 0.5))
    mirrored = only(measure(probability.T.copy(), 0.5))
    for other, orientation in (
        (turned, crack.orientation_deg + 90),
        (mirrored, 270 - crack.orientation_deg),
    ):
        assert other.area_px == crack.area_px
        assert other.mean_probability == pytest.approx(crack.mean_probability, rel=1e-6)
        assert other.length_px == pytest.approx(crack.length_px, abs=1)
        assert other.width_px.mean == pytest.approx(crack.width_px.mean, abs=0.1)
        assert turn_between(other.orientation_deg, orientation) < 2  # each within 1 of the truth
        assert 0 <= other.orientation_deg < 180
    left, top, wide, high = crack.bbox_px
    assert turned.bbox_px == (top, 66 - left - wide, high, wide)
    assert mirrored.bbox_px == (top, left, high, wide)


def test_cracks_are_numbered_by_area_and_add_up():
    small = bar((80, 120), (60, 20), 50, 2, 0)
    large = bar((80, 120), (60, 50), 90, 6, 10)
    result = measure(np.maximum(small, large), 0.5)
    first, second = result.cracks
    assert [first.id, second.id] == [1, 2]
    assert first.area_px > second.area_px
    assert first.length_px == pytest.approx(90, abs=1)
    assert second.length_px == pytest.approx(50, abs=1)
    assert result.crack_count == 2
    assert result.total_length_px == pytest.approx(first.length_px + second.length_px)
    weighted = first.length_px * first.width_px.mean + second.length_px * second.width_px.mean
    assert result.mean_width_px == pytest.approx(weighted / result.total_length_px)
    assert result.max_width_px == first.width_px.max


def test_a_crack_alongside_is_not_added_to_the_width():
    # Two pixels of background between them, less than the reach of the profile.
    pair = bar((60, 100), (50, 25), 80, 3, 0) + bar((60, 100), (50, 30), 80, 3, 0)
    for crack in measure(pair, 0.5).cracks:
        assert crack.width_px.mean == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("radius", [12, 30])
def test_ring_is_as_long_as_its_circle(radius):
    ring = coverage((81, 81), lambda x, y: np.abs(np.hypot(x - 40.2, y - 39.7) - radius) <= 2)
    crack = only(measure(ring, 0.5))
    assert crack.length_px == pytest.approx(2 * math.pi * radius, rel=0.03)
    assert crack.width_px.mean == pytest.approx(4, abs=0.15)
    (line,) = crack.centerlines_px
    assert (line[0] == line[-1]).all()
    assert len(line) > 8


def test_y_junction_has_three_branches():
    def arm(degrees):
        angle = math.radians(degrees)
        center = (50 + 20 * math.cos(angle), 50 - 20 * math.sin(angle))
        return bar((101, 101), center, 40, 3, degrees)

    crack = only(measure(np.maximum.reduce([arm(90), arm(210), arm(330)]), 0.5))
    assert len(crack.centerlines_px) == 3
    assert crack.length_px == pytest.approx(120, rel=0.03)
    assert crack.width_px.mean == pytest.approx(3, abs=0.2)
    ends = [tuple(point) for line in crack.centerlines_px for point in (line[0], line[-1])]
    assert len(set(ends)) == 4  # three free ends, and the junction where all three meet


def test_area_and_box_are_those_of_the_mask():
    probability = np.zeros((20, 30), dtype=np.float32)
    probability[4:7, 5:25] = 0.6
    probability[7:12, 24] = 0.9
    probability[12, 25] = 0.9  # touches by its corner: the same crack
    result = measure(probability, 0.5)
    crack = only(result)
    assert crack.area_px == result.crack_pixels == 66
    assert crack.bbox_px == (5, 4, 21, 9)
    assert result.total_pixels == 600
    assert result.crack_ratio == 66 / 600
    assert crack.mean_probability == pytest.approx((60 * 0.6 + 6 * 0.9) / 66)


def test_small_components_leave_the_cracks_and_not_the_mask():
    probability = np.zeros((40, 60), dtype=np.float32)
    probability[10:13, 5:55] = 1
    probability[30, 30:34] = 1
    everything, larger = measure(probability, 0.5), measure(probability, 0.5, min_area_px=5)
    assert everything.crack_count == 2
    assert measure(probability, 0.5, min_area_px=4).crack_count == 2
    assert larger.cracks[0].length_px == everything.cracks[0].length_px
    assert larger.crack_count == 1
    assert larger.total_length_px == larger.cracks[0].length_px
    assert larger.crack_pixels == everything.crack_pixels == 154
    assert measure(probability, 0.5, min_area_px=1000).cracks == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (40, 50)])
def test_empty_map_has_no_cracks(shape):
    result = measure(np.zeros(shape, dtype=np.float32), 0.5)
    assert result == Measurement(total_pixels=shape[0] * shape[1], **EMPTY)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (5, 40), (300, 400)])
def test_full_map_is_one_crack_as_large_as_the_photo(shape):
    result = measure(np.ones(shape, dtype=np.float32), 0.5)
    crack = only(result)
    height, width = shape
    assert result.crack_ratio == 1
    assert crack.bbox_px == (0, 0, width, height)
    assert crack.length_px == pytest.approx(max(shape), abs=1)
    assert crack.width_px.mean == pytest.approx(min(shape), abs=1)
    assert turn_between(crack.orientation_deg, 0 if width >= height else 90) < 0.01


@pytest.mark.parametrize("corner", [(0, 0), (5, 7), (11, 15)])
def test_single_pixel(corner):
    probability = np.zeros((12, 16), dtype=np.float32)
    probability[corner] = 1
    crack = only(measure(probability, 0.5))
    assert crack.area_px == 1
    assert crack.length_px == pytest.approx(1)
    assert crack.width_px.mean == crack.width_px.max == pytest.approx(1)
    assert crack.bbox_px == (corner[1], corner[0], 1, 1)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
@settings(max_examples=25, deadline=None)
def test_any_map_is_measured(seed, threshold):
    """Noise holds every junction, loop and speck there is."""
    probability = np.random.default_rng(seed).random((24, 31), dtype=np.float32)
    result = measure(probability, threshold)
    assert sum(crack.area_px for crack in result.cracks) == result.crack_pixels
    assert [crack.id for crack in result.cracks] == list(range(1, result.crack_count + 1))
    for crack in result.cracks:
        assert len(crack.centerlines_px) >= 1
        assert crack.length_px > 0
        assert 0 < crack.width_px.mean <= crack.width_px.max
        assert threshold <= crack.mean_probability <= 1
        assert all(np.isfinite(line).all() for line in crack.centerlines_px)


def test_thousands_of_specks_take_no_loop_over_the_map():
    probability = np.zeros((300, 300), dtype=np.float32)
    probability[::3, ::3] = 1
    result = measure(probability, 0.5)
    assert result.crack_count == 10_000
    assert result.total_length_px == pytest.approx(10_000)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.5, math.nan])
def test_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ValueError, match="threshold must be above 0"):
        measure(np.zeros((4, 4), dtype=np.float32), threshold)


def test_map_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"probability must be \[H, W\], got shape \(4, 4, 1\)"):
        measure(np.zeros((4, 4, 1), dtype=np.float32), 0.5)


# --- branches, spurs, the way through ---------------------------------------------------------


def rough_bar(width: int, seed: int) -> Map:
    """A horizontal bar whose edges wander by a fifth of its width either way, every four pixels anew."""
    rng = np.random.default_rng(seed)
    x, y = np.arange(260), np.arange(100)[:, None]
    knots = np.arange(0, 261, 4)
    low, high = (np.interp(x, knots, rng.uniform(-0.2, 0.2, len(knots)) * width) for _ in range(2))
    inside = (y >= 50 - width / 2 + low) & (y < 50 + width / 2 + high) & (x >= 20) & (x < 240)
    return inside.astype(np.float32)


@pytest.mark.parametrize("width", [6, 10, 20])
@pytest.mark.parametrize("seed", range(4))
def test_rough_edges_leave_no_spurs(width, seed):
    crack = only(measure(rough_bar(width, seed), 0.5))
    assert crack.junction_count == 0
    assert len(crack.centerlines_px) == 1
    assert crack.length_px == pytest.approx(220, rel=0.05)


def test_a_branch_longer_than_the_crack_is_wide_stays():
    probability = bar((101, 161), (80, 60), 120, 6, 0)
    probability = np.maximum(probability, bar((101, 161), (80, 45), 30, 3, 90))
    crack = only(measure(probability, 0.5))
    assert crack.junction_count == 1
    assert len(crack.centerlines_px) == 3


@pytest.mark.parametrize("degrees", [10, 50, 90, 130])
def test_tortuosity_of_an_arc(degrees):
    """An arc of 60 degrees is pi / 3 radii long, its chord one radius."""

    def inside(x, y):
        angle = np.mod(np.degrees(np.arctan2(y - 100, x - 100)) - degrees, 360)
        return (np.abs(np.hypot(x - 100, y - 100) - 60) <= 2) & (angle <= 60)

    crack = only(measure(coverage((201, 201), inside, 4), 0.5))
    assert crack.tortuosity == pytest.approx(math.pi / 3, abs=0.02)


def test_a_ring_has_no_ends():
    ring = coverage((81, 81), lambda x, y: np.abs(np.hypot(x - 40.2, y - 39.7) - 25) <= 2)
    crack = only(measure(ring, 0.5))
    assert crack.tortuosity is None
    assert crack.junction_count == 0


def test_the_widest_place_is_told():
    y, x = np.mgrid[:60, :200].astype(np.float32)
    half = 1.5 + 3 * np.exp(-(((x - 140) / 12) ** 2))
    probability = np.clip(half + 0.5 - np.abs(y - 30), 0, 1) * (x > 10) * (x < 190)
    crack = only(measure(probability.astype(np.float32), 0.5))
    assert crack.max_width_at_px == pytest.approx((140, 30), abs=2)
    assert crack.width_px.max == pytest.approx(9, abs=0.3)
    (line,), (widths,) = crack.centerlines_px, crack.centerline_widths_px
    assert len(line) == len(widths)


@pytest.mark.parametrize(
    "probability",
    [
        np.pad(np.zeros((198, 298), np.float32), 1, constant_values=1),
        np.eye(300, dtype=np.float32),
        (np.indices((200, 200)).sum(axis=0) % 2).astype(np.float32),
        np.tile(np.float32([[1], [0], [0]]), (60, 200)),
    ],
    ids=["frame", "diagonal", "chequered", "stripes"],
)
def test_odd_masks_are_measured(probability):
    result = measure(probability, 0.5, with_outlines=True)
    assert sum(crack.area_px for crack in result.cracks) == result.crack_pixels
    for crack in result.cracks:
        assert 0 < crack.width_px.mean <= max(probability.shape)
        assert 0 < crack.length_px <= probability.size
        assert 0 <= crack.orientation_deg < 180


def test_a_spiral_is_as_long_as_it_is():
    turns = np.linspace(0, 6 * np.pi, 4000)
    points = 150 + (20 + 18 * turns[:, None] / np.pi) * np.column_stack(
        [np.cos(turns), np.sin(turns)]
    )
    drawn = np.zeros((300, 300), np.uint8)
    cv2.polylines(drawn, [np.rint(points * 16).astype(np.int32)], False, 255, 3, cv2.LINE_AA, 4)
    crack = only(measure((drawn / 255).astype(np.float32), 0.5))
    assert crack.length_px == pytest.approx(np.hypot(*np.diff(points, axis=0).T).sum(), rel=0.02)
    assert crack.junction_count == 0


# --- masks that once read wrong ---------------------------------------------------------------


@pytest.mark.parametrize("aside", [-0.9, 0, 0.04, 0.23])
@pytest.mark.parametrize("radius", [30, 130])
def test_a_crack_that_ends_in_a_stain_keeps_its_width(aside, radius):
    mask = np.zeros((600, 815), np.uint8)
    row = 300 + round(aside * radius)
    cv2.circle(mask, (250, 300), radius, 1, -1)
    mask[row : row + 4, 250:] = 1
    crack = measure(mask.astype(np.float32), 0.5).cracks[0]
    assert crack.width_px.median == pytest.approx(4, abs=0.01)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_blobs_with_arms_to_the_edge_are_measured(seed):
    rng = np.random.default_rng(seed)
    height, width = rng.integers(60, 200, 2)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(3):
        centre = rng.integers(0, (width, height)).tolist()
        cv2.circle(mask, centre, int(rng.integers(1, 40)), 1, -1)
        cv2.line(
            mask, centre, rng.integers(0, (width, height)).tolist(), 1, int(rng.integers(1, 5))
        )
    result = measure(mask.astype(np.float32), 0.5, with_outlines=True)
    assert sum(crack.area_px for crack in result.cracks) == result.crack_pixels
    assert all(crack.width_px.mean > 0.5 for crack in result.cracks)


def test_pinholes_make_a_crack_no_longer():
    bar = np.zeros((60, 340), np.float32)
    bar[25:34, 20:320] = 1
    whole = only(measure(bar, 0.5))
    for x in range(40, 300, 25):
        bar[28 + x % 3, x] = 0
    bar[29:32, 200:204] = 0
    holed = only(measure(bar, 0.5))
    assert holed.junction_count == 0
    assert holed.length_px == pytest.approx(whole.length_px, rel=0.005)
    assert holed.width_px.median == pytest.approx(9, abs=0.1)
    assert holed.area_px < whole.area_px


@pytest.mark.parametrize("radius", [1, 2, 3, 4, 6])
def test_small_rings_have_a_length_and_a_width(radius):
    mask = np.zeros((30, 30), np.uint8)
    cv2.circle(mask, (15, 15), radius, 1, 1)
    crack = only(measure(mask.astype(np.float32), 0.5))
    assert crack.length_px >= 2 * radius
    assert 0.7 < crack.width_px.mean <= 2 * radius + 1


def test_a_caller_can_stop_it():
    class TimeIsUp(Exception):
        pass

    def check():
        raise TimeIsUp

    mask = np.zeros((20, 30), np.float32)
    mask[9:12, 5:25] = 1
    with pytest.raises(TimeIsUp):
        measure(mask, 0.5, check=check)


def test_outlines_of_half_a_photo_are_refused(monkeypatch):
    monkeypatch.setattr(outline, "MAX_OUTLINED_PX", 100)
    with pytest.raises(InvalidParameter, match="outlines: 144 pixels"):
        measure(np.ones((12, 12), np.float32), 0.5, with_outlines=True)
    assert measure(np.ones((12, 12), np.float32), 0.5).crack_count == 1


def test_a_threshold_that_is_zero_to_32_bits_is_refused():
    with pytest.raises(ValueError, match="threshold"):
        measure(np.zeros((4, 4), np.float32), 1e-50)
