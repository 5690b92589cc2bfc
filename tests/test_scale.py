"""What the caller knows becomes one scale, or an error that says why not; never a wrong number."""

import io
import math

import numpy as np
import pytest
from conftest import crack_photo
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from app.errors import InvalidParameter
from app.exif import CameraExif
from app.image import decode, identify
from app.scale import Scale, ScaleRequest, scale_of, scale_of_mask

PHOTO = np.zeros((3000, 4000, 3), np.uint8)
PLACES = np.array([[0.0, 0.0], [1999.5, 1499.5], [3999.0, 2999.0]])
# A full-frame camera, 36 x 27 mm over 4000 x 3000 px: pixels of 9 µm.
FULL_FRAME = {
    "focal_length_mm": 50.0,
    "focal_plane_x_resolution": 4000 / 3.6,
    "focal_plane_y_resolution": 3000 / 2.7,
    "focal_plane_unit": 3.0,
    "pixel_x_dimension": 4000.0,
    "pixel_y_dimension": 3000.0,
}
# A phone: sensor of 9.6 mm diagonal.
PHONE = {
    "focal_length_mm": 5.77,
    "focal_length_35mm": 26.0,
    "pixel_x_dimension": 4000.0,
    "pixel_y_dimension": 3000.0,
}


NO_EXIF = CameraExif()


def scale(exif: CameraExif = NO_EXIF, **said) -> Scale:
    found = scale_of(ScaleRequest(**said), PHOTO, exif)
    assert found is not None
    return found


def from_camera(said: dict, distance_mm: float = 1000.0) -> Scale:
    return scale(CameraExif(**said), distance_mm=distance_mm)


def test_who_says_nothing_gets_no_scale():
    assert scale_of(ScaleRequest(), PHOTO, CameraExif()) is None
    assert scale_of_mask(ScaleRequest(), 30, 40) is None


def test_a_scale_that_is_given_is_taken_and_nobody_knows_how_sure_it_is():
    found = scale(mm_per_px=0.2)
    assert (found.mm_per_px, found.source, found.is_indicative) == (0.2, "parameter", False)
    assert found.relative_uncertainty is None
    assert found.relative_uncertainty_at(PLACES) is None
    np.testing.assert_allclose(found.plane.mm2_per_px(PLACES), 0.04)


def test_two_points_and_their_distance():
    found = scale(scale_points_px=(100, 100, 400, 500), scale_length_mm=100)
    assert found.mm_per_px == pytest.approx(0.2)
    assert (found.source, found.is_indicative) == ("points", False)
    assert found.relative_uncertainty == pytest.approx(0.8165 / 500, rel=1e-4)
    np.testing.assert_array_equal(
        found.relative_uncertainty_at(PLACES), [found.relative_uncertainty] * 3
    )


@given(
    length_px=st.floats(20, 900),
    angle=st.floats(0, 2 * math.pi),
    seed=st.integers(0, 2**32 - 1),
)
def test_clicks_off_by_up_to_a_pixel_scatter_as_the_uncertainty_says(length_px, angle, seed):
    ends = np.array([[0, 0], [math.cos(angle), math.sin(angle)]]) * length_px + 1500
    clicks = ends + np.random.default_rng(seed).uniform(-1, 1, (4000, 2, 2))
    distances = np.hypot(*(clicks[:, 1] - clicks[:, 0]).T)
    said = scale(scale_points_px=tuple(ends.ravel()), scale_length_mm=50.0).relative_uncertainty
    assert np.std(distances) / length_px == pytest.approx(said, rel=0.06)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ((100, 100, 100, 100), r"0\.0 px apart, a scale needs 10"),
        ((100, 100, 109.9, 100), r"9\.9 px apart"),
        ((-1, 100, 500, 100), r"\(-1, 100\) lies outside the photo, 4000x3000"),
        ((100, 100, 4000, 100), r"\(4000, 100\) lies outside"),
        ((100, 100, 100, 2999.6), r"\(100, 2999\.6\) lies outside"),
        ((100, float("nan"), 500, 100), "outside"),
        ((100, 100, float("inf"), 100), "outside"),
    ],
)
def test_points_that_make_no_scale_are_refused(points, reason):
    with pytest.raises(InvalidParameter, match=reason):
        scale(scale_points_px=points, scale_length_mm=100.0)


def test_the_outermost_pixels_may_be_clicked_on_their_far_side():
    found = scale(scale_points_px=(-0.5, 0, 3999.5, 0), scale_length_mm=400)
    assert found.mm_per_px == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            {"mm_per_px": 0.1, "marker_mm": 50},
            "mm_per_px and marker_mm each give a scale; give one",
        ),
        ({"marker_mm": 50, "distance_mm": 900}, "marker_mm and distance_mm each"),
        (
            {"mm_per_px": 0.1, "scale_points_px": (0, 0, 99, 0), "scale_length_mm": 9},
            "mm_per_px and scale_points_px each",
        ),
        ({"scale_points_px": (0, 0, 99, 0)}, "belong together"),
        ({"scale_length_mm": 9}, "belong together"),
        ({"scale_length_mm": 9, "mm_per_px": 0.1}, "belong together"),
        ({"marker_family": "aruco-4x4-50"}, "marker_family needs marker_mm"),
    ],
)
def test_two_sources_or_half_a_source_are_refused(said, reason):
    with pytest.raises(InvalidParameter, match=reason):
        scale(**said)
    with pytest.raises(InvalidParameter, match=reason):
        scale_of_mask(ScaleRequest(**said), 3000, 4000)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), 1e7])
@pytest.mark.parametrize("name", ["mm_per_px", "scale_length_mm", "marker_mm", "distance_mm"])
def test_lengths_that_are_none_are_refused(name, value):
    points = {"scale_points_px": (0, 0, 99, 0)} if name == "scale_length_mm" else {}
    with pytest.raises(InvalidParameter, match=f"{name} is .*; give more than 0"):
        scale(CameraExif(**FULL_FRAME), **{name: value}, **points)


@pytest.mark.parametrize("name", ["marker_mm", "distance_mm"])
def test_a_mask_shows_no_marker_and_holds_no_exif(name):
    with pytest.raises(InvalidParameter, match=f"{name} needs the photo, and this is a mask"):
        scale_of_mask(ScaleRequest(**{name: 50.0}), 3000, 4000)


def test_a_mask_takes_the_other_sources():
    points = ScaleRequest(scale_points_px=(0, 0, 39, 0), scale_length_mm=78)
    assert scale_of_mask(points, 30, 40).mm_per_px == pytest.approx(2)
    assert scale_of_mask(ScaleRequest(mm_per_px=0.5), 30, 40).mm_per_px == 0.5
    with pytest.raises(InvalidParameter, match="outside the photo, 40x30"):
        scale_of_mask(ScaleRequest(scale_points_px=(0, 0, 0, 30), scale_length_mm=78), 30, 40)


@pytest.mark.parametrize(
    ("said", "mm_per_px"),
    [
        (FULL_FRAME, 0.009 * 1000 / 50),
        (FULL_FRAME | {"focal_plane_y_resolution": None}, 0.18),
        (FULL_FRAME | {"focal_length_35mm": 48.0}, 0.18),  # 4:3 by its diagonal, near enough
        (FULL_FRAME | {"focal_length_35mm": 0.0}, 0.18),  # unknown
        (PHONE, 43.2666 / 5000 * 1000 / 26),
        *(
            (
                FULL_FRAME
                | {
                    "focal_plane_x_resolution": mm / 0.009,
                    "focal_plane_y_resolution": mm / 0.009,
                    "focal_plane_unit": unit,
                },
                0.18,
            )
            for unit, mm in ((2.0, 25.4), (None, 25.4), (3.0, 10.0), (4.0, 1.0), (5.0, 0.001))
        ),
        # The camera was held upright, or its software swapped the sizes: the pixels are the same.
        (FULL_FRAME | {"pixel_x_dimension": 3000.0, "pixel_y_dimension": 4000.0}, 0.18),
    ],
)
def test_distance_and_what_the_camera_wrote(said, mm_per_px):
    found = from_camera(said)
    assert found.mm_per_px == pytest.approx(mm_per_px, rel=1e-4)
    assert (found.source, found.is_indicative) == ("camera", True)


def test_a_camera_is_less_sure_the_nearer_it_is():
    assert from_camera(FULL_FRAME, 50_000).relative_uncertainty == pytest.approx(0.07, rel=0.01)
    assert from_camera(FULL_FRAME, 500).relative_uncertainty == pytest.approx(0.122, rel=0.01)
    with pytest.raises(InvalidParameter, match="distance_mm: 499 is too close for a lens of 50 mm"):
        from_camera(FULL_FRAME, 499)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({}, "EXIF lacks FocalLength"),
        (FULL_FRAME | {"focal_length_mm": 0.0}, "FocalLength is 0 mm"),
        (FULL_FRAME | {"focal_length_mm": float("nan")}, "FocalLength is nan mm"),
        (FULL_FRAME | {"focal_length_mm": -50.0}, "FocalLength is -50 mm"),
        (FULL_FRAME | {"focal_length_mm": 50_000.0}, "FocalLength is 50000 mm"),
        (FULL_FRAME | {"focal_plane_x_resolution": 0.0}, "FocalPlaneXResolution is 0 mm"),
        (FULL_FRAME | {"focal_plane_x_resolution": float("nan")}, "FocalPlaneXResolution is nan"),
        (FULL_FRAME | {"focal_plane_x_resolution": 1e9}, "FocalPlaneXResolution is 1e-08 mm"),
        (FULL_FRAME | {"focal_plane_y_resolution": 0.0}, "FocalPlaneYResolution is 0 mm"),
        (FULL_FRAME | {"focal_plane_y_resolution": 900.0}, "no square pixels"),
        (FULL_FRAME | {"focal_plane_unit": 1.0}, "FocalPlaneResolutionUnit is 1"),
        (FULL_FRAME | {"focal_length_35mm": 100.0}, "contradicts itself.*9.00 µm.*4.33 µm"),
        (PHONE | {"focal_length_35mm": None}, "neither FocalPlaneXResolution nor FocalLengthIn35"),
        (PHONE | {"focal_length_35mm": 0.0}, "neither"),
        (PHONE | {"focal_length_35mm": 1.0}, "FocalLengthIn35mmFilm is 1 mm"),
        (
            PHONE | {"focal_length_mm": 500.0, "focal_length_35mm": 4.0},
            "a pixel by FocalLengthIn35",
        ),
        (PHONE | {"pixel_x_dimension": None}, "lacks PixelXDimension or PixelYDimension"),
        (
            PHONE | {"pixel_x_dimension": 8000.0, "pixel_y_dimension": 6000.0},
            "4000x3000 pixels, by .* taken with 8000x6000: it was resized or cropped",
        ),
    ],
)
def test_a_camera_that_says_too_little_or_lies_is_refused_by_the_field(said, reason):
    with pytest.raises(InvalidParameter, match=reason):
        from_camera(said, 20_000.0)


def photo_with(tags: dict[int, object], format: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    photo = Image.fromarray(crack_photo(48, 64))
    if format == "TIFF":  # takes an Exif IFD only as part of its own
        photo.save(buffer, format, tiffinfo={0x8769: tags})
    else:
        exif = Image.Exif()
        exif[0x8769] = tags
        photo.save(buffer, format, exif=exif)
    return buffer.getvalue()


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_fields_are_read_from_the_file(format):
    plane = {0xA20E: IFDRational(5000, 3), 0xA20F: IFDRational(4000, 3), 0xA210: 4}
    tags = {0x920A: IFDRational(577, 100), 0xA405: 26, 0xA002: 64, 0xA003: 48, **plane}
    assert decode(identify(photo_with(tags, format), 10**6)).camera == CameraExif(
        focal_length_mm=pytest.approx(5.77),
        focal_length_35mm=26,
        focal_plane_x_resolution=pytest.approx(5000 / 3),
        focal_plane_y_resolution=pytest.approx(4000 / 3),
        focal_plane_unit=4,
        pixel_x_dimension=64,
        pixel_y_dimension=48,
    )


def test_a_fraction_over_zero_is_no_number_and_no_crash():
    camera = decode(identify(photo_with({0x920A: IFDRational(50, 0)}), 10**6)).camera
    assert math.isnan(camera.focal_length_mm)
    with pytest.raises(InvalidParameter, match="FocalLength is nan"):
        scale_of(ScaleRequest(distance_mm=900.0), np.zeros((48, 64, 3), np.uint8), camera)


@pytest.mark.parametrize("value", ["fifty", b"\x00", (1, 2), None, object()])
def test_what_is_no_number_counts_as_not_said(value):
    assert CameraExif.of({0x920A: value}) == CameraExif()


def test_a_photo_without_exif_has_a_camera_that_says_nothing():
    assert decode(identify(photo_with({}), 10**6)).camera == CameraExif()
