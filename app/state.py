"""What an app holds while it runs; made once, handed to every request."""

from dataclasses import dataclass

from app.access import Access
from app.admission import Admission
from app.label_studio.client import LabelStudio
from app.limits import Limits
from app.registry import Registry
from app.settings import Settings
from app.telemetry import Metrics
from app.work import Workers


@dataclass(frozen=True)
class State:
    settings: Settings
    models: Registry
    limits: Limits
    admission: Admission
    access: Access | None
    """None where no keys are set: everyone may call."""
    label_studio: LabelStudio | None
    """None where none is set: its routes are not there."""
    metrics: Metrics
    workers: Workers
