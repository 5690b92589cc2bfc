"""The application: settings in, FastAPI out."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_swagger import patch_fastapi

from app import registry
from app.access import Access
from app.admission import Admission
from app.label_studio.client import LabelStudio
from app.label_studio.routes import label_studio
from app.limits import Limits
from app.middleware import LingeringClose, RequestLog
from app.page import page
from app.problems import handle_problems
from app.protocol.routes import health, protocol
from app.routes import service, v1
from app.settings import Settings
from app.state import State
from app.telemetry import Metrics
from app.work import Workers

logger = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Load the models and build the app; it is warmed up once it runs.

    Raises StartupError, in one sentence, for whatever cannot work as it is set.
    """
    metrics = Metrics()
    models = registry.load(
        settings.models_dir, settings.default_model, settings.device, metrics.batch_tiles.observe
    )
    state = State(
        settings=settings,
        models=models,
        limits=Limits.load(settings.limits_dir),
        admission=Admission(settings.max_queued_pixels),
        access=Access(settings.api_keys_file) if settings.api_keys_file else None,
        label_studio=LabelStudio.of(settings),
        metrics=metrics,
        workers=Workers(),
    )
    for model in state.models:
        metrics.model_info.labels(
            model.name, model.contract.version, model.device, model.sha256
        ).set(1)
    app = FastAPI(
        title="Hairline",
        summary="Finds cracks in photos of concrete",
        version=version("hairline"),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        lifespan=_lifespan,
    )
    app.state.hairline = state
    app.include_router(v1)
    app.include_router(service)
    app.include_router(health)
    app.include_router(protocol)
    if state.label_studio is not None:
        app.include_router(label_studio)
    app.include_router(page)
    patch_fastapi(app, redirect_from_root_to_docs=False)  # /docs with its assets
    handle_problems(app)
    app.add_middleware(RequestLog, metrics=state.metrics)
    app.add_middleware(LingeringClose)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Warm the models up while the service already answers `/healthz`, and `/readyz` with 503."""
    warming = asyncio.create_task(_warm_up(app.state.hairline))
    yield
    await warming


async def _warm_up(state: State) -> None:
    try:
        await asyncio.to_thread(state.models.warm_up)
    except Exception:
        logger.error("a model failed in its first run; the service ends")
        os.kill(os.getpid(), signal.SIGTERM)
        raise  # once the server has drained: it logs the cause and exits with another status than 0
