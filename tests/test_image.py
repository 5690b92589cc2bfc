"""Bytes to upright RGB pixels, whatever a camera, a scanner or an enemy wrote."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from conftest import crack_photo, encode
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app import image
from app.errors import ImageTooLarge, MissingFile, RequestError, UnreadableImage, UnsupportedImage

LIMIT = 120_000_000
PHOTO = crack_photo(48, 64)
PHOTO[5:15, 10:60] = (
    250,
    120,
    0,
)  # colour, so that a swap of channels shows; off the middle, so that a turn does

# How a camera stores an upright photo with each EXIF orientation (the standard's "0th row, 0th column").
STORED = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


def read(data: bytes) -> image.Photo:
    return image.decode(image.identify(data, LIMIT))


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    return block


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "WEBP"])
def test_lossless_formats_come_back_as_they_were(format: str) -> None:
    options = {"lossless": True} if format == "WEBP" else {}
    photo = read(encode(PHOTO, format, **options))
    np.testing.assert_array_equal(photo.pixels, PHOTO)
    assert (photo.width, photo.height, photo.format) == (64, 48, format)
    assert (photo.exif_orientation, photo.warnings) == (1, ())
    assert len(photo.sha256) == 64


def test_jpeg_comes_back_nearly() -> None:
    photo = read(encode(PHOTO, "JPEG", quality=98, subsampling=0))
    assert photo.format == "JPEG"
    np.testing.assert_allclose(photo.pixels.astype(int), PHOTO, atol=16)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_photos_are_turned_upright(format: str, orientation: int) -> None:
    stored = np.ascontiguousarray(STORED[orientation](PHOTO))
    options = {"lossless": True} if format == "WEBP" else {}
    options |= {"quality": 98, "subsampling": 0} if format == "JPEG" else {}
    photo = read(encode(stored, format, exif=exif(orientation), **options))
    assert photo.exif_orientation == orientation
    np.testing.assert_allclose(photo.pixels.astype(int), PHOTO, atol=16 if format == "JPEG" else 0)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    photo = read(encode(PHOTO, "PNG", exif=exif(orientation)))
    assert photo.exif_orientation == 1
    np.testing.assert_array_equal(photo.pixels, PHOTO)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_make_a_photo_unreadable() -> None:
    photo = read(encode(PHOTO, "PNG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff"))
    np.testing.assert_array_equal(photo.pixels, PHOTO)


@pytest.mark.parametrize("ending", [".png", ".tiff"])
def test_16_bit_grey_is_scaled_not_clipped(ending: str) -> None:
    grey = np.array([[0, 257, 25_700, 32_896, 65_535]], np.uint16)
    _, data = cv2.imencode(ending, grey)
    expected = np.repeat(np.array([[0, 1, 100, 128, 255]], np.uint8)[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(read(data.tobytes()).pixels, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_grey_is_turned_upright(orientation: int) -> None:
    grey = np.ascontiguousarray(STORED[orientation](PHOTO)[:, :, 0].astype(np.uint16) * 257)
    photo = read(encode(grey, "PNG", exif=exif(orientation)))
    np.testing.assert_array_equal(photo.pixels[:, :, 1], PHOTO[:, :, 0])


@pytest.mark.parametrize("ending", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_colour_is_scaled_not_clipped(ending: str, channels: int) -> None:
    deep = np.full((*PHOTO.shape[:2], channels), 65535, np.uint16)
    deep[:, :, :3] = PHOTO[:, :, ::-1].astype(np.uint16) * 257  # OpenCV writes blue, green, red
    _, data = cv2.imencode(ending, deep)
    np.testing.assert_array_equal(read(data.tobytes()).pixels, PHOTO)


def test_grey_bilevel_and_palette_become_rgb() -> None:
    black_and_white = np.array([[0, 255], [255, 0]], np.uint8)
    expected = np.repeat(black_and_white[:, :, None], 3, axis=2)
    for mode in ("L", "1", "P", "LA", "RGBA"):
        np.testing.assert_array_equal(read(encode(black_and_white, "PNG", mode)).pixels, expected)


def test_cmyk_jpeg_becomes_rgb() -> None:
    photo = read(encode(np.full((32, 32, 3), (200, 100, 50), np.uint8), "JPEG", "CMYK", quality=98))
    np.testing.assert_allclose(
        photo.pixels.astype(int), np.broadcast_to((200, 100, 50), (32, 32, 3)), atol=6
    )


def test_transparency_is_laid_over_white() -> None:
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = (0, 128, 255)
    np.testing.assert_array_equal(read(encode(rgba)).pixels[0, :, 0], [255, 127, 0])


def test_a_transparent_colour_of_a_palette_is_laid_over_white() -> None:
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), mode=None).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    buffer = io.BytesIO()
    palette.save(buffer, "PNG", transparency=0)
    np.testing.assert_array_equal(
        read(buffer.getvalue()).pixels[0], [[255, 255, 255], [40, 50, 60]]
    )


def test_of_an_animation_the_first_frame_is_taken_and_told() -> None:
    frames = [Image.fromarray(PHOTO), Image.fromarray(255 - PHOTO)]
    for format in ("WEBP", "PNG", "TIFF"):
        buffer = io.BytesIO()
        options = {"lossless": True} if format == "WEBP" else {}
        frames[0].save(buffer, format, save_all=True, append_images=frames[1:], **options)
        photo = read(buffer.getvalue())
        assert photo.warnings == ("first-frame-only",)
        np.testing.assert_array_equal(photo.pixels, PHOTO)


def test_a_jpeg_with_a_preview_appended_is_a_jpeg() -> None:
    buffer = io.BytesIO()
    Image.fromarray(PHOTO).save(
        buffer, "MPO", save_all=True, append_images=[Image.fromarray(PHOTO[::2, ::2])], quality=98
    )
    photo = read(buffer.getvalue())
    assert (photo.format, photo.width, photo.warnings) == ("JPEG", 64, ())


def test_heic_is_read_where_the_extra_is_installed() -> None:
    pytest.importorskip("pillow_heif")
    smooth = np.full((64, 96, 3), 180, np.uint8)
    smooth[10:20] = 40
    photo = read(encode(smooth, "HEIF", quality=95))
    assert photo.format == "HEIF"
    np.testing.assert_allclose(photo.pixels.astype(int), smooth, atol=12)


def test_heic_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pillow_heif")
    data = encode(np.full((64, 64, 3), 180, np.uint8), "HEIF")
    monkeypatch.setattr(image, "HAS_HEIF", False)
    with pytest.raises(UnsupportedImage, match="extra `heif`"):
        image.identify(data, LIMIT)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_without_a_known_range_are_refused(dtype: type) -> None:
    with pytest.raises(UnsupportedImage, match="known range"):
        read(encode(np.ones((4, 4), dtype), "TIFF"))


@pytest.mark.parametrize("data", [b"not a photo", b"GIF89a", b"%PDF-1.7", b"<svg/>", b"\0" * 100])
def test_what_is_no_photo_is_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="send JPEG, PNG"):
        image.identify(data, LIMIT)


def test_no_bytes_are_no_photo() -> None:
    with pytest.raises(MissingFile):
        image.identify(b"", LIMIT)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP", "WEBP"])
def test_a_photo_cut_short_is_unreadable(format: str) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    data = encode(noise, format)
    with pytest.raises(UnreadableImage):
        read(data[: len(data) // 2])


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises pixels and has none."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + head
        + struct.pack(">I", zlib.crc32(head))
        + end
    )


def test_the_limit_is_in_pixels_and_read_from_the_header() -> None:
    with pytest.raises(ImageTooLarge, match=r"30000x30000 .* 120000000"):
        image.identify(png_header(30_000, 30_000), LIMIT)
    assert image.identify(encode(PHOTO), 64 * 48).width == 64
    with pytest.raises(ImageTooLarge):
        image.identify(encode(PHOTO), 64 * 48 - 1)


SEEDS = [encode(PHOTO, format) for format in ("JPEG", "PNG", "TIFF", "BMP", "WEBP")]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow on what it repairs
@given(
    seed=st.sampled_from(SEEDS),
    edits=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=4),
    length=st.integers(0, 9000),
)
def test_no_edit_of_a_header_gets_further_than_a_clear_error(
    seed: bytes, edits: list[tuple[int, int]], length: int
) -> None:
    data = bytearray(seed)
    for place, value in edits:
        data[place % len(data)] = value
    try:
        photo = image.decode(image.identify(bytes(data[:length]), 1_000_000))
    except RequestError:
        return
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.ndim == 3


def test_a_mask_is_written_with_one_channel_of_0_and_255() -> None:
    mask = PHOTO[:, :, 0] < 50
    written = Image.open(io.BytesIO(image.encode_mask(mask)))
    assert written.mode == "L"
    np.testing.assert_array_equal(np.asarray(written), mask * np.uint8(255))


def test_an_overlay_marks_cracks_and_leaves_the_rest() -> None:
    mask = np.zeros((200, 300), bool)
    mask[100:104, 50:250] = True
    photo = np.full((200, 300, 3), 180, np.uint8)
    drawn = np.asarray(Image.open(io.BytesIO(image.encode_overlay(photo, mask)))).astype(int)
    assert drawn.shape == photo.shape
    assert drawn[102, 150, 0] - drawn[102, 150, 1] > 40  # red over the crack
    np.testing.assert_allclose(drawn[:80], 180, atol=3)
    assert (photo == 180).all()


@pytest.mark.parametrize("mode", ["L", "1"])
def test_a_mask_is_read_as_probabilities(mode: str) -> None:
    grey = np.array([[0, 255]], np.uint8)
    np.testing.assert_array_equal(
        image.decode_map(image.identify(encode(grey, "PNG", mode), 2)), [[0, 1]]
    )


@pytest.mark.parametrize(
    "data",
    [encode(PHOTO), encode(PHOTO[:, :, 0], "JPEG"), encode(PHOTO[:, :, 0].astype(np.uint16))],
)
def test_a_mask_has_one_8_bit_channel_and_is_png(data: bytes) -> None:
    with pytest.raises(UnsupportedImage):
        image.decode_map(image.identify(data, LIMIT))
