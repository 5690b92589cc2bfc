"""The page's files over HTTP; what it does in a browser is in test_page.py."""

import re
from html.parser import HTMLParser

import pytest
from conftest import Service, Start, assert_problem

from app.page.routes import FILES, MEDIA_TYPES

NAMES = sorted(file.name for file in FILES.iterdir())


def test_the_page_is_at_the_address_of_the_service(service: Service) -> None:
    answer = service.get("/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Hairline</h1>" in answer.body.decode()


@pytest.mark.parametrize("name", NAMES)
def test_its_files(service: Service, name: str) -> None:
    answer = service.get(f"/page/{name}")
    assert answer.status == 200
    assert answer.body == (FILES / name).read_bytes()
    assert answer.headers["content-type"] == MEDIA_TYPES["." + name.rpartition(".")[2]]
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_what_a_browser_has_already_is_not_sent_again(service: Service) -> None:
    tag = service.get("/page/main.js").headers["etag"]
    again = service.get("/page/main.js", If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    assert service.get("/page/api.js", If_None_Match=tag).status == 200


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith((".jpg", ".svg"))])
def test_they_name_no_outside_address(name: str) -> None:
    """In a closed network the page is whole."""
    assert not re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", (FILES / name).read_text("utf-8"))


class Links(HTMLParser):
    """Addresses of a page, and what the policy would not let run."""

    def __init__(self, html: str):
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href") and value and not value.startswith("#"):
                self.found.append(value)
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
        if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.inline.append(tag)


def test_its_links_are_relative_and_lead_somewhere(service: Service) -> None:
    """Relative, so that they hold under whatever path a proxy publishes the service."""
    links = Links(service.get("/").body.decode())
    assert len(links.found) >= 4
    for address in links.found:
        assert not address.startswith("/")
        assert service.get(f"/{address}").status == 200
    assert links.inline == []


def test_modules_import_what_exists() -> None:
    for name in NAMES:
        if name.endswith(".js"):
            for other in re.findall(r'from "\./([^"]+)"', (FILES / name).read_text("utf-8")):
                assert other in NAMES


@pytest.mark.parametrize(
    "name", ["nothing.js", "..%2froutes.py", "__init__.py", "settings.json.js", "%00"]
)
def test_other_names_are_no_files(service: Service, name: str) -> None:
    assert_problem(service.get(f"/page/{name}"), 404, "not-found")


def test_settings_that_the_page_must_know(start: Start) -> None:
    said = start(max_upload_mb=3).get("/page/settings.json").json()
    assert set(said) == {"version", "max_upload_bytes"}
    assert said["max_upload_bytes"] == 3_000_000


def test_the_page_is_open_where_keys_are_set(start: Start, tmp_path) -> None:
    """It shows nothing of the service but itself, and asks for the key."""
    keys = tmp_path / "keys"
    keys.write_text("inspector:" + "0" * 64 + "\n")
    service = start(api_keys_file=keys)
    assert service.get("/").status == service.get("/page/main.js").status == 200
    assert service.get("/v1/models").status == 401
