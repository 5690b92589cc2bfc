"""uvicorn, taught to drain: on SIGTERM it answers what it has begun before it closes its door."""

import asyncio
import logging
import signal
import socket
import time

import uvicorn
from fastapi import FastAPI

from app.errors import StartupError
from app.state import State

logger = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """While photos are being worked on after SIGTERM, new ones are told 503 and `/readyz` is 503."""

    def __init__(self, app: FastAPI):
        self._hairline: State = app.state.hairline
        super().__init__(
            uvicorn.Config(
                app,
                root_path=self._hairline.settings.root_path,
                access_log=False,  # RequestLog writes the line
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=10,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close admission, wait for the photos inside (at most a request's time), then stop."""
        state = self._hairline
        state.admission.close()
        end = time.monotonic() + state.settings.request_timeout_s
        while state.admission.photos and time.monotonic() < end and not self.force_exit:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises StartupError where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]
        raise StartupError(
            f"cannot listen on {host} port {port}: {reason}; stop what uses it, "
            "or set HAIRLINE_HOST and HAIRLINE_PORT to others"
        ) from None


def serve(app: FastAPI, listening: socket.socket) -> bool:
    """Serve until SIGTERM or SIGINT; False where a model failed in its first run."""
    server = DrainingServer(app)
    # uvicorn raises the signal once more after it has drained: a handler of ours lets that end in exit status 0.
    signal.signal(signal.SIGTERM, server.handle_exit)
    server.run(sockets=[listening])
    return not server.lifespan.should_exit
