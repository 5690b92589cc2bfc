# Three images from one file; docs/decisions/0001-packaging.md gives the reasons.
#
#   docker build -t hairline:cuda .                    the service on a GPU (driver 580 or newer, Turing or newer)
#   docker build -t hairline:cpu --target cpu .        the service without one
#   docker build -t hairline:train --target train .    training, export and evaluation, on the CPU
#
# Every step is a locked install from wheels: no compiler and no apt package is needed, so there is nothing to
# leave behind in a builder stage. The source is only bound into the step that installs it.

FROM python:3.12-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
# A fixed number, so that `runAsNonRoot` and the owners of mounted folders can name it. Its home is the one
# place that stays writable under a read-only root: a tmpfs.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin hairline


FROM base AS service
ENV HAIRLINE_HOST=0.0.0.0 \
    HAIRLINE_PORT=8000
EXPOSE 8000
# Alive, not ready: an orchestrator asks /readyz itself before it sends photos.
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"HAIRLINE_PORT\"]}/healthz', timeout=4)"]
ENTRYPOINT ["hairline"]
CMD ["serve"]


FROM service AS cpu
RUN --mount=type=bind,source=requirements,target=/requirements \
    python -m pip install --require-hashes --no-deps --requirement /requirements/serve-cpu.txt
RUN --mount=type=bind,target=/source \
    python -m pip install --no-deps --no-build-isolation /source
ENV HAIRLINE_DEVICE=cpu
USER 10001:10001


FROM base AS train
RUN --mount=type=bind,source=requirements,target=/requirements \
    python -m pip install --require-hashes --no-deps --requirement /requirements/train.txt
RUN --mount=type=bind,target=/source \
    python -m pip install --no-deps --no-build-isolation /source
# Mount photos, masks and run folders here: docker run --user $(id -u):$(id -g) -v "$PWD":/data hairline:train train --help
WORKDIR /data
USER 10001:10001
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]


# Last, so that a plain `docker build` makes it. The driver comes from the host through the NVIDIA Container Toolkit,
# the CUDA libraries from wheels. `cuda` makes the service refuse to start, rather than to run slowly and silently
# on a CPU; NVIDIA_REQUIRE_CUDA has the toolkit say so when the host's driver is too old.
FROM service AS cuda
RUN --mount=type=bind,source=requirements,target=/requirements \
    python -m pip install --require-hashes --no-deps --requirement /requirements/cuda.txt
RUN --mount=type=bind,target=/source \
    python -m pip install --no-deps --no-build-isolation /source
ENV HAIRLINE_DEVICE=cuda \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_REQUIRE_CUDA="cuda>=13.0"
USER 10001:10001
