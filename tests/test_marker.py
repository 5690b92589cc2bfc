"""A printed marker, rendered as a camera sees it: the scale around it, and every photo that must not give one."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidParameter
from app.exif import CameraExif
from app.plane import Plane
from app.scale import MarkerFamily, Scale, ScaleRequest, scale_of
from app.scale.corners import refine_corners
from app.scale.marker import DICTIONARIES, SEARCH_PX
from benchmarks.measurement.rendered import HEIGHT, SIDE_MM, WIDTH, render, seen


def scale(photo: np.ndarray, family: MarkerFamily | None = None) -> Scale:
    request = ScaleRequest(marker_mm=SIDE_MM, marker_family=family)
    found = scale_of(request, photo, CameraExif())
    assert found is not None
    return found


def deviations(found: Scale, true: Plane, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Relative errors [directions, N] of the scale, from edge to edge of the photo."""
    points = grid(width, height)
    directions = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.6, -0.8]])
    return np.array(
        [
            found.plane.mm_per_px(points, np.broadcast_to(d, points.shape))
            / true.mm_per_px(points, np.broadcast_to(d, points.shape))
            - 1
            for d in directions
        ]
    )


def grid(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    return np.stack(
        np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 7)), -1
    ).reshape(-1, 2)


@pytest.mark.parametrize(
    ("tilt_deg", "about_deg"),
    [
        (0, 0),
        (15, 0),
        (15, 90),
        (30, 0),
        (30, 90),
        (45, 0),
        (45, 90),
        (45, 45),
        (-45, 0),
        (-45, 90),
    ],
)
def test_millimetres_hold_to_three_per_cent_all_over_an_oblique_photo(tilt_deg, about_deg):
    """A marker of about 110 px, up to 4 of its sides from the photo's corners."""
    true = seen(tilt_deg, about_deg, place_mm=(25, -20), roll_deg=20)
    found = scale(render(true))
    off = np.abs(deviations(found, true))
    assert off.max() < 0.03
    assert off.mean() < 0.006
    middle = np.array([[(WIDTH - 1) / 2, (HEIGHT - 1) / 2]])
    assert found.mm_per_px == pytest.approx(np.sqrt(true.mm2_per_px(middle)[0]), rel=0.005)
    assert (found.source, found.is_indicative) == ("marker", False)


def test_what_is_said_of_the_uncertainty_is_what_the_errors_are():
    """Over photos and places, errors over uncertainty: a normal variable would have mean square 1, 5 % above 2."""
    ratios = []
    for number, tilt_deg in enumerate((0, 20, 35, 45)):
        true = seen(tilt_deg, 60 * number, 700, (40, 30), roll_deg=25 * number)
        found = scale(render(true, number=number))
        ratios.append(deviations(found, true) / found.relative_uncertainty_at(grid()))
    assert 0.1 < np.sqrt(np.mean(np.square(ratios))) < 1.5
    assert np.mean(np.abs(ratios) > 2) < 0.1


def test_far_from_the_marker_the_scale_is_less_sure():
    found = scale(render(seen(30, 0, 800, (150, 0))))  # the marker stands left of the middle
    places = np.array([[150.0, 300], [400, 300], [600, 300], [799, 300]])
    uncertainty = found.relative_uncertainty_at(places)
    assert (np.diff(uncertainty) > 0).all()
    assert uncertainty[3] > 4 * uncertainty[0]
    middle = np.array([[(WIDTH - 1) / 2, (HEIGHT - 1) / 2]])
    assert found.relative_uncertainty == pytest.approx(found.relative_uncertainty_at(middle)[0])


@pytest.mark.parametrize("family", DICTIONARIES)
def test_every_family_is_found_by_its_name_and_by_no_other(family):
    photo = render(seen(20), family, number=3)
    true = seen(20)
    assert np.abs(deviations(scale(photo, family), true)).max() < 0.03
    for other in set(DICTIONARIES) - {family}:
        with pytest.raises(InvalidParameter, match=f"no {other} marker"):
            scale(photo, other)


def test_large_photos_are_searched_reduced_and_measured_in_full():
    size = {"width": 3000, "height": 2000}
    true = seen(30, 90, 150, (20, 10), **size)
    assert size["width"] > SEARCH_PX
    found = scale(render(true, **size, blur_px=1.5))
    assert np.abs(deviations(found, true, **size)).max() < 0.015


MARKER = render(seen())
GROUND = np.full((HEIGHT, WIDTH, 3), 150, np.uint8)


@pytest.mark.parametrize(
    ("photo", "reason"),
    [
        (GROUND, "no apriltag-36h11 marker is in the photo"),
        (MARKER[:, ::-1], "no apriltag-36h11 marker is in the photo; .* not mirrored"),
        (MARKER[:, : WIDTH // 2], "show it whole"),
        (np.zeros((1, 1, 3), np.uint8), "no apriltag-36h11 marker"),
        (np.hstack([MARKER, MARKER]), "2 apriltag-36h11 markers are in the photo; leave one"),
        (np.vstack([MARKER, render(seen(), number=8)]), "2 apriltag-36h11 markers"),
        (
            cv2.resize(MARKER, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA),
            "1[5-7] px wide, 20 are needed",
        ),
        (
            cv2.copyMakeBorder(render(seen(0, 0, 1500)), 0, 0, 0, 1800, cv2.BORDER_REPLICATE),
            "so small or so far off.* to within [1-9][0-9]%",
        ),
    ],
    ids=["none", "mirrored", "cut", "one pixel", "twice", "two", "small", "far off"],
)
def test_a_marker_that_gives_no_scale_is_refused_with_the_reason(photo, reason):
    with pytest.raises(InvalidParameter, match=reason):
        scale(np.ascontiguousarray(photo))


TILTED = render(seen(-50, 0, 500))  # its horizon runs 305 px above the photo's upper edge


def test_a_horizon_before_the_middle_of_the_photo_is_refused():
    sky = cv2.copyMakeBorder(TILTED, 1900, 0, 0, 0, cv2.BORDER_CONSTANT, value=(200, 200, 200))
    with pytest.raises(InvalidParameter, match="horizon"):
        scale(sky)


def test_beyond_the_horizon_nothing_is_known():
    places = np.array([[400.0, -330], [400, -280], [400, 600]])
    uncertainty = scale(TILTED).relative_uncertainty_at(places)
    assert uncertainty[0] == np.inf
    assert np.isfinite(uncertainty[1:]).all()


def test_edges_that_lie_elsewhere_than_the_marker_that_was_read_are_refused(monkeypatch):
    """A dark square 6.5 px off in both directions; a cell would be 10 px."""
    square = np.array([[240.0, 200], [320, 200], [320, 280], [240, 280]])
    photo = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    photo[207:287, 247:327] = 20
    monkeypatch.setattr("app.scale.marker._find", lambda *_: square)
    with pytest.raises(InvalidParameter, match="cannot be followed"):
        scale(photo)


@settings(deadline=None, max_examples=20)  # a rendering each
@given(
    centre=st.tuples(st.floats(50, 60), st.floats(50, 60)),
    angle_deg=st.floats(0, 360),
    error=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)
def test_corners_of_a_square_are_found_from_a_rough_guess(centre, angle_deg, error):
    """A dark square of 60 px, area-sampled, without noise, under the blur of a sharp lens."""
    angle = np.radians(angle_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-30.0, -30], [30, -30], [30, 30], [-30, 30]]) @ turn.T + centre
    y, x = np.mgrid[0 : 110 * 8, 0 : 110 * 8].reshape(2, -1)
    places = ((np.column_stack([x, y]) + 0.5) / 8 - 0.5 - np.array(centre)) @ turn
    light = (np.abs(places) > 30).any(axis=1).reshape(110, 8, 110, 8).mean(axis=(1, 3))
    grey = np.round(cv2.GaussianBlur(30 + 190 * light, (0, 0), 0.5)).astype(np.uint8)
    found, uncertainty = refine_corners(grey, corners + np.array(error), 8)
    # The worst are edges a fraction of a degree off the axes, where all pixels cut them at one phase: 0.11.
    np.testing.assert_allclose(found, corners, atol=0.15)
    assert uncertainty < 0.1
