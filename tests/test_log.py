"""Log lines: where they go, what they hold and what they never do."""

import json
import logging
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from conftest import GOOD_PHOTO, HAIRLINE, Service, Start, assert_problem, wait_until
from photos import LONDON, TAKEN, jpeg

from app.log import JsonLines, set_up_logging

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def root() -> Iterator[None]:
    """The root logger as it was, after a test that sets it up."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def test_log_lines_go_to_standard_error(root: None, capsys: pytest.CaptureFixture) -> None:
    set_up_logging("warning")
    logging.getLogger("app.test").info("quiet")
    logging.getLogger("app.test").warning("loud")
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.endswith(" WARNING app.test loud\n")
    assert "quiet" not in written.err


def test_a_json_line_is_one_line_whatever_is_said(
    root: None, capsys: pytest.CaptureFixture
) -> None:
    set_up_logging("info", "json")
    try:
        raise ValueError("two\nlines")
    except ValueError:
        logging.getLogger("app.test").exception("a %s\nüber", "photo")
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["time"])
    assert (said["level"], said["logger"], said["message"]) == (
        "error",
        "app.test",
        "a photo\nüber",
    )
    assert said["traceback"].endswith("ValueError: two\nlines")


Line = Callable[[], dict]


@pytest.fixture
def last_line(caplog: pytest.LogCaptureFixture) -> Line:
    """The JSON line of the last request."""
    caplog.set_level(logging.INFO, "app.middleware")

    def line() -> dict:
        record = [each for each in caplog.records if each.name == "app.middleware"][-1]
        return json.loads(JsonLines().format(record))

    return line


def test_a_line_a_request(service: Service, last_line: Line) -> None:
    answer = service.post("/v1/segment?format=csv", GOOD_PHOTO)
    said = last_line()
    assert said["request_id"] == answer.headers["x-request-id"]
    assert (said["method"], said["route"], said["status"]) == ("POST", "/v1/segment", 200)
    assert said["received_bytes"] == len(GOOD_PHOTO)
    assert said["sent_bytes"] == len(answer.body)
    assert said["duration_ms"] >= said["stages_ms"]["total"] > 0
    assert {"decode", "inference", "measure", "encode"} <= set(said["stages_ms"])
    assert (said["model"], said["form"], said["pixels"]) == ("darkness", "csv", 120 * 160)
    assert said["crack_count"] == 1
    assert said["trace_id"] is None
    assert "key" not in said


def test_an_error_has_its_line(service: Service, last_line: Line) -> None:
    answer = service.post("/v1/segment", b"no photo")
    said = last_line()
    assert (said["status"], said["request_id"]) == (415, answer.headers["x-request-id"])


@pytest.mark.parametrize("id", ["a", "job-7.photo_12", "01JD" + "X" * 56])
def test_the_callers_id_is_kept(service: Service, last_line: Line, id: str) -> None:
    answer = service.post("/v1/segment", GOOD_PHOTO, X_Request_ID=id)
    assert answer.headers["x-request-id"] == answer.json()["id"] == last_line()["request_id"] == id
    refused = service.post("/v1/segment?threshold=7", GOOD_PHOTO, X_Request_ID=id)
    assert assert_problem(refused, 422, "invalid-parameter")["instance"].endswith(id)


@pytest.mark.parametrize(
    "id", ["", "-a", "a b", 'a"b', "a/b", "..", "x" * 61, "ä", "a;b", "%0d%0a", "{}"]
)
def test_an_id_that_is_not_fit_for_a_file_name_is_replaced(service: Service, id: str) -> None:
    answer = service.post("/v1/segment?format=mask", GOOD_PHOTO, X_Request_ID=id)
    own = answer.headers["x-request-id"]
    assert re.fullmatch("[0-9A-Z]{26}", own)
    assert f'filename="{own}.mask.png"' in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"01-{TRACE}-00f067aa0ba902b7-01-what-comes-later", TRACE),
        (f"ff-{TRACE}-00f067aa0ba902b7-01", None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE.upper()}-00f067aa0ba902b7-01", None),
        (f"00-{TRACE}-00f067aa0ba902b7", None),
        ("nonsense", None),
    ],
)
def test_the_trace_that_a_request_belongs_to(
    service: Service, last_line: Line, header: str, trace: str | None
) -> None:
    service.get("/healthz", traceparent=header)
    assert last_line()["trace_id"] == trace


def test_the_line_names_the_key_and_never_tells_it(
    start: Start, last_line: Line, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"bridge-office:{sha256(b'sesame').hexdigest()}\n")
    service = start(api_keys_file=keys)
    service.get("/v1/models", X_API_Key="sesame")
    assert last_line()["key"] == "bridge-office"
    service.get("/v1/models", X_API_Key="sesam")
    assert "key" not in last_line()
    assert "sesam" not in caplog.text


def test_nothing_of_a_photo_is_in_a_line(service: Service, last_line: Line) -> None:
    photo = jpeg(exif=TAKEN, gps=LONDON)
    service.post("/v1/segment?photo_metadata=true&asset_id=pier-12&metadata=%7B%7D", photo)
    line = json.dumps(last_line())
    for secret in ("51.5", "2024-05-17", "pier-12"):
        assert secret not in line


def test_the_service_logs_json_where_it_is_set(models_dir: Path) -> None:
    flags = ["--port", "0", "--log-format", "json", "--models-dir", str(models_dir)]
    process = subprocess.Popen(
        [*HAIRLINE, "serve", *flags, "--default-model", "darkness", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said = next(line for line in process.stdout if line.startswith("Hairline: "))
        url = said.removeprefix("Hairline: ").strip()
        wait_until(lambda: answers(url + "healthz"))
    finally:
        process.terminate()
        written = process.communicate(timeout=60)[1]
    lines = [json.loads(line) for line in written.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (asked,) = [line for line in lines if line.get("route") == "/healthz"]
    assert asked["status"] == 200


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  (our own port)
            return answer.status == 200
    except OSError:
        return False
