"""The web page at `/`: plain files, served as they are, that talk to `/v1` like any other client."""

from app.page.routes import page

__all__ = ["page"]
