"""API keys: kept as hashes, read anew when the file changes, limited each on its own."""

import hashlib
import logging
import os
from pathlib import Path

import pytest
from conftest import GOOD_PHOTO, Start, assert_answers_good_photo, assert_problem

from app.access import Access, Key, read_keys
from app.errors import RateLimited, StartupError, Unauthorized


def line(name: str, key: str, limit: str = "") -> str:
    return f"{name}:{hashlib.sha256(key.encode()).hexdigest()}{limit}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text("# who may call\n\n" + line("site", "open sesame") + line("bot", "beep", ":2"))
    return path


def rewrite(file: Path, text: str) -> None:
    """As an editor would, a moment later."""
    file.write_text(text)
    status = file.stat()
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_keys_fit_or_do_not(file: Path) -> None:
    access = Access(file)
    assert access.admit("open sesame") == "site"
    for presented in (None, "", "sesame", hashlib.sha256(b"open sesame").hexdigest(), "\u2603"):
        with pytest.raises(Unauthorized):
            access.admit(presented)


def test_a_limit_is_a_minute_s_calls_at_once_and_then_an_even_flow(file: Path) -> None:
    clock = Clock()
    access = Access(file, clock)
    access.admit("beep")
    access.admit("beep")
    with pytest.raises(RateLimited) as refused:
        access.admit("beep")
    assert refused.value.retry_after_s == 30
    access.admit("open sesame")  # another key's limit is its own
    clock.seconds = 30
    assert access.admit("beep") == "bot"
    with pytest.raises(RateLimited):
        access.admit("beep")
    clock.seconds = 1000
    access.admit("beep")
    access.admit("beep")
    with pytest.raises(RateLimited):
        access.admit("beep")


def test_a_changed_file_is_read_again(file: Path) -> None:
    access = Access(file)
    rewrite(file, line("new", "abracadabra"))
    assert access.admit("abracadabra") == "new"
    with pytest.raises(Unauthorized):
        access.admit("open sesame")


@pytest.mark.parametrize("spoil", [lambda file: rewrite(file, "site:open sesame"), Path.unlink])
def test_a_file_that_turns_bad_leaves_the_former_keys(
    file: Path, spoil, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(file)
    spoil(file)
    assert access.admit("open sesame") == "site"
    assert "the former keys stay in force" in caplog.text
    assert "sesame" not in caplog.text
    access.admit("open sesame")
    assert len(caplog.records) == 1  # told once, not at every call


HASH = "0" * 64


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (f"a:{HASH}", [Key("a", HASH, None)]),
        (f"  a:{HASH.replace('0', 'F')}:7  \r\n", [Key("a", "f" * 64, 7)]),
        (f"# b\n\na:{HASH}\n", [Key("a", HASH, None)]),
    ],
)
def test_lines(tmp_path: Path, text: str, keys: list[Key]) -> None:
    (tmp_path / "keys").write_text(text)
    assert read_keys(tmp_path / "keys") == tuple(keys)


@pytest.mark.parametrize(
    "text",
    ["secret", "a:secret", f":{HASH}", f"a:{HASH}:0", f"a:{HASH}:x", f"a:{HASH}:", f"a:{HASH}0"],
)
def test_a_bad_line_is_named_and_never_shown(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(f"b:{HASH}\n{text}\n")
    with pytest.raises(StartupError, match="keys, line 2: expected name:sha256") as refused:
        read_keys(tmp_path / "keys")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"# nobody\n", b"\xff\xfe"])
def test_a_file_without_keys_locks_nobody_in(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(StartupError, match="keys"):
        Access(tmp_path / "keys")


def test_over_http(start: Start, file: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service = start(api_keys_file=file)
    for headers in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic b3BlbiBzZXNhbWU="},
        {"X_API_Key": "wrong"},
    ):
        answer = service.post("/v1/segment", GOOD_PHOTO, **headers)
        assert_problem(answer, 401, "unauthorized", "Bearer", "X-API-Key")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert_problem(service.get("/v1/models"), 401, "unauthorized")
    for headers in (
        {"Authorization": "bearer open sesame"},
        {"X_API_Key": "open sesame"},
        {"Authorization": "Bearer of a proxy", "X_API_Key": "open sesame"},
    ):
        assert service.post("/v1/segment", GOOD_PHOTO, **headers).status == 200
    for path in ("/healthz", "/readyz", "/metrics", "/docs"):
        assert service.get(path).status == 200
    for _ in range(2):
        assert service.get("/v1/models", X_API_Key="beep").status == 200
    answer = service.get("/v1/models", X_API_Key="beep")
    assert_problem(answer, 429, "rate-limited", "bot", "2 times a minute")
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    assert "sesame" not in caplog.text


def test_without_a_file_everyone_may_call(start: Start) -> None:
    service = start()
    assert_answers_good_photo(service)
    assert service.get("/v1/models", X_API_Key="whatever").status == 200
