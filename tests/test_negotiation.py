import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotAcceptable
from app.negotiation import MEDIA_TYPES, negotiate


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("application/*", "json"),
        ("image/png", "mask"),
        ("image/*", "mask"),
        ("application/pdf", "pdf"),
        ("application/pdf, application/json;q=0.9", "pdf"),
        ("image/jpeg", "overlay"),
        ("IMAGE/JPEG", "overlay"),
        ("text/html, */*;q=0.1", "json"),
        ("image/png, application/json", "json"),  # equals: the first of ours
        ("image/png;q=0.9, application/json;q=0.8", "mask"),
        ("image/*;q=0.5, image/jpeg;q=0.9", "overlay"),
        ("*/*, application/json;q=0", "mask"),  # the more specific range decides
        ("image/jpeg ; q = 1 , image/png;q=.5", "overlay"),
        ("image/png;q=nan, image/jpeg;q=0.1", "overlay"),
        ("image/png;level=1", "mask"),
        ("image/png;level=1;q=0, image/png;q=0.5", "mask"),  # refuses what there is not
        ("image/png, image/png;level=1;q=0", "mask"),
        ("image/png;level=1;q=0.2, image/jpeg;q=0.1", "mask"),
        ("image/png;level=1;q=0.9, image/png;q=0.1, image/jpeg;q=0.5", "overlay"),
        ("text/csv", "csv"),
        ("text/csv; charset=utf-8", "csv"),
        ("image/svg+xml, image/*;q=0.8", "svg"),
        ("image/svg+xml, image/*", "mask"),
        ("application/zip", "zip"),
        ("multipart/mixed", "multipart"),
        ("multipart/*", "multipart"),
        # a browser
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "json"),
        ("application/geo+json, application/json;q=0.9", "geojson"),
    ],
)
def test_accept(accept: str, form: str) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize(
    "accept", ["text/html", "image/gif", "*/*;q=0", "image/png;q=good", "application/xml", ";", ","]
)
def test_nothing_fits(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="image/jpeg"):
        negotiate(accept)


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_the_parameter_wins(form: str) -> None:
    assert negotiate("text/html", form) == form


@given(st.text(st.characters(codec="latin-1")))
def test_any_header_gets_a_form_or_a_clear_error(accept: str) -> None:
    with contextlib.suppress(NotAcceptable):
        assert negotiate(accept) in MEDIA_TYPES
