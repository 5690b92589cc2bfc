"""What the service tells of itself: models, health, metrics, its pages."""

import json
import re
from html.parser import HTMLParser

import pytest
from conftest import GOOD_PHOTO, TILE, Service, Start, assert_answers_good_photo

from app import tiling
from app.negotiation import MEDIA_TYPES


def test_models(service: Service) -> None:
    (model,) = service.get("/v1/models").json()["models"]
    assert list(model) == [
        "name", "version", "architecture", "parameters", "tile_size", "threshold",
        "width_calibrated", "trained_on", "metrics", "license", "sha256", "device", "precision", "default",
    ]  # fmt: skip
    assert (model["name"], model["tile_size"], model["device"]) == ("darkness", 64, "cpu")
    assert model["default"] is True
    assert service.get("/v1/models/darkness").json() == model


def test_health_and_readiness(service: Service) -> None:
    assert service.get("/healthz").json() == {"status": "ok"}
    assert service.get("/readyz").json() == {"status": "ready"}


def test_metrics_count_requests_and_stages(service: Service) -> None:
    assert_answers_good_photo(service)
    service.get("/an/invented/path")
    answer = service.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    text = answer.body.decode()
    assert 'hairline_requests_total{route="/v1/segment",status="200"}' in text
    assert 'hairline_requests_total{route="none",status="404"}' in text
    assert 'hairline_stage_seconds_count{model="darkness",stage="inference"}' in text
    assert "hairline_queued_photos 0.0" in text
    assert "hairline_queued_pixels 0.0" in text
    assert 'hairline_model_info{device="cpu",model="darkness"' in text
    assert "invented" not in text


def test_every_request_has_an_id_of_its_own(service: Service) -> None:
    answer = service.post("/v1/segment", GOOD_PHOTO)
    assert answer.headers["x-request-id"] == answer.json()["id"]
    assert service.get("/healthz").headers["x-request-id"] != answer.headers["x-request-id"]
    assert "server" not in answer.headers


def batches(service: Service) -> dict[str, float]:
    """How many batches there were (`count`), and of how many tiles in all (`sum`)."""
    text = service.get("/metrics").body.decode()
    found = re.findall(r"^hairline_batch_tiles_(count|sum) (.+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def test_batches_are_counted_in_tiles(start: Start) -> None:
    service = start()
    before = batches(service)
    assert_answers_good_photo(service)
    after = batches(service)
    tiles = len(tiling.grid(120, 160, TILE, 16))
    assert after["sum"] - before["sum"] == tiles
    assert 1 <= after["count"] - before["count"] <= tiles


class Addresses(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.mark.parametrize("root_path", ["", "/hairline"])
def test_docs_need_no_outside_address(start: Start, root_path: str) -> None:
    service = start(root_path=root_path)
    html = service.get("/docs").body.decode()
    found = Addresses(html).found
    assert len(found) == 3
    for address in found:
        path = address.removeprefix(service.url + root_path)  # as a proxy does
        assert path.startswith("/swagger/")
        assert len(service.get(path).body) > 100
    assert f"url: '{root_path}/openapi.json'" in html
    assert not re.search(r"https?://(?!127\.0\.0\.1)", html)
    assert re.search(r"https?://", service.get("/openapi.json").body.decode()) is None


def test_openapi_tells_parameters_body_and_problems(service: Service) -> None:
    api = service.get("/openapi.json").json()
    post = api["paths"]["/v1/segment"]["post"]
    assert {parameter["name"] for parameter in post["parameters"]} == {
        "model", "threshold", "mode", "resolution_scale", "mask", "mm_per_px", "scale_points_px",
        "scale_length_mm", "marker_mm", "marker_family", "distance_mm", "limits", "cracks",
        "outlines", "min_area_px", "cell_px", "format", "asset_id", "metadata", "photo_metadata",
    }  # fmt: skip
    assert all(parameter["description"] for parameter in post["parameters"])
    assert {"multipart/form-data", "image/jpeg", "image/png"} <= set(post["requestBody"]["content"])
    assert set(MEDIA_TYPES.values()) == set(post["responses"]["200"]["content"])
    statuses = {400, 401, 404, 406, 408, 413, 415, 422, 429, 500, 503, 504}
    assert {"200", *map(str, statuses)} == set(post["responses"])
    for status in statuses:
        assert set(post["responses"][str(status)]["content"]) == {"application/problem+json"}
    assert set(api["components"]["securitySchemes"]) == {"HTTPBearer", "APIKeyHeader"}
    assert {
        "/v1/measure",
        "/v1/limits",
        "/v1/models",
        "/v1/models/{name}",
        "/healthz",
        "/readyz",
        "/metrics",
    } < set(api["paths"])
    assert "HTTPValidationError" not in json.dumps(api)
