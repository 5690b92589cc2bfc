"""Width limits as data files: read, named, and held against the width of a crack. It screens, it does not rate."""

from app.limits.answers import LimitsList
from app.limits.classify import COVERAGE_FACTOR, Verdict, classify, interval_mm
from app.limits.registry import Limits
from app.limits.table import NOT_APPLICABLE, UNDETERMINED, Case, Table, WidthClass

__all__ = [
    "COVERAGE_FACTOR",
    "NOT_APPLICABLE",
    "UNDETERMINED",
    "Case",
    "Limits",
    "LimitsList",
    "Table",
    "Verdict",
    "WidthClass",
    "classify",
    "interval_mm",
]
