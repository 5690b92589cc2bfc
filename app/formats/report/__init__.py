"""The report: one page that an inspector puts into a file and signs."""

from app.formats.report.page import write

__all__ = ["write"]
