"""POST /v1/segment with the field `probability`: any form of an answer for a map that is known, and no model runs."""

import base64
import io

import numpy as np
import pytest
from conftest import GOOD_PHOTO, Answer, Service, Start, assert_problem, crack_photo, decode, encode
from PIL import Image

CORRECTED = np.zeros((120, 160), np.uint8)
CORRECTED[20:26, 10:150] = 255
CORRECTED[80:83, 40:100] = 128


def send(service: Service, query: str = "", **fields: bytes) -> Answer:
    """A form of the named fields."""
    body = b"".join(
        b'--cut\r\nContent-Disposition: form-data; name="%s"; filename="x"\r\n\r\n%s\r\n'
        % (name.encode(), content)
        for name, content in fields.items()
    )
    return service.post(
        f"/v1/segment?{query}",
        body + b"--cut--\r\n",
        Content_Type="multipart/form-data; boundary=cut",
    )


def test_a_corrected_mask_is_measured_and_no_model_runs(service: Service) -> None:
    answer = send(service, file=GOOD_PHOTO, probability=encode(CORRECTED)).json()
    assert answer["statistics"]["crack_pixels"] == 6 * 140 + 3 * 60  # 128 / 255 > 0.5
    assert "probability-given" in answer["warnings"]
    assert answer["timing_ms"]["inference"] == 0
    sent = send(
        service, "threshold=0.6&format=mask", file=GOOD_PHOTO, probability=encode(CORRECTED)
    )
    np.testing.assert_array_equal(decode(sent.body) > 0, CORRECTED > 200)


def test_the_map_of_an_answer_gives_the_same_answer_again(service: Service) -> None:
    first = service.post("/v1/segment?mask=probability", GOOD_PHOTO).json()
    assert first["mask"]["encoding"] == "probability"
    data = base64.b64decode(first["mask"]["data"])
    levels = decode(data)
    assert (levels.shape, levels.dtype) == ((120, 160), np.uint8)
    assert set(np.unique(levels)) == {55, 245}  # 1 - 200 / 255 and 1 - 10 / 255
    again = send(service, file=GOOD_PHOTO, probability=data).json()
    for name in ("crack_pixels", "crack_count", "crack_ratio"):
        assert again["statistics"][name] == first["statistics"][name]
    # Rounded to 8 bits; on a flat map without a ridge that turns a normal here and there.
    for name in ("total_length_px", "mean_width_px", "max_width_px"):
        assert again["statistics"][name] == pytest.approx(first["statistics"][name], rel=0.05)
    assert "probability-given" not in first["warnings"]


def test_the_photo_as_it_was_looked_at(service: Service) -> None:
    """Upright and 8 bits a channel, whatever came: what a browser can show of a TIFF."""
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.fromarray(crack_photo()).save(buffer, "TIFF", exif=exif)
    answer = service.post("/v1/segment?format=photo", buffer.getvalue())
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"].startswith('inline; filename="')
    assert decode(answer.body).shape == (160, 120, 3)


@pytest.mark.parametrize(
    ("given", "status", "code", "words"),
    [
        (encode(CORRECTED[:100]), 422, "invalid-parameter", "of this photo of 160x120"),
        (encode(np.zeros((400, 400), np.uint8)), 422, "invalid-parameter", "of the same size"),
        (encode(CORRECTED.T.copy()), 422, "invalid-parameter", "the upright photo 160x120"),
        (encode(CORRECTED, "JPEG"), 415, "unsupported-image", "send it as PNG"),
        (GOOD_PHOTO, 415, "unsupported-image", "one 8-bit channel"),
        (b"no picture", 415, "unsupported-image", "send the map as PNG"),
        (encode(CORRECTED)[:60], 422, "unreadable-image", "send it again"),
    ],
)
def test_a_bad_map(service: Service, given: bytes, status: int, code: str, words: str) -> None:
    assert_problem(send(service, file=GOOD_PHOTO, probability=given), status, code, words)


def test_a_form_whose_map_was_left_empty_runs_the_model(service: Service) -> None:
    answer = send(service, file=GOOD_PHOTO, probability=b"").json()
    assert answer["statistics"]["crack_pixels"] == 400
    assert "probability-given" not in answer["warnings"]


def test_files_say_that_the_map_was_given(service: Service) -> None:
    """A person may have corrected it: it is not the model's own word."""
    for form in ("csv", "coco", "label-studio", "svg", "geojson"):
        sent = send(service, f"format={form}", file=GOOD_PHOTO, probability=encode(CORRECTED))
        assert b"darkness 1.0.0, map given by the caller" in sent.body, form
    assert b"map given" not in service.post("/v1/segment?format=csv", GOOD_PHOTO).body


def test_how_long_photos_take_is_not_learnt_from_given_maps(start: Start) -> None:
    service = start()
    before = vars(service.state.admission).copy()
    send(service, file=GOOD_PHOTO, probability=encode(CORRECTED))
    service.post("/v1/segment?format=photo", GOOD_PHOTO)
    assert vars(service.state.admission) == before


def test_a_map_alone_is_no_photo(service: Service) -> None:
    answer = send(service, probability=encode(CORRECTED))
    assert_problem(answer, 422, "missing-file", "fields sent: probability")
