# `make` lists what there is. Everything installs itself: nothing is needed before but Python 3.11 to 3.13 and make.

PYTHON ?= python3
ARGS ?=

# serve and test have environments of their own: the one that serves stays as slim as the image. What reads answers
# back as its users do asks for older versions of the same packages.
SERVE := .venv
TEST := .venv-test
READERS := .venv-readers
LOCK := .venv-lock

# A working `nvidia-smi` asks for the CUDA libraries; without one the runtimes for CPUs are smaller and faster.
# `make serve LOCKED=serve` or another name of requirements/ decides otherwise.
LOCKED := $(or $(LOCKED),$(if $(shell nvidia-smi --list-gpus 2>/dev/null),cuda,serve-cpu))

checksum = $(firstword $(shell cksum requirements/$(1).txt))

INSTALL = -m pip --disable-pip-version-check --quiet install
INSTALL_PROJECT = $(INSTALL) --no-deps --no-build-isolation --editable .

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test test-slow measurement openapi check format lock python clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

serve: $(SERVE)/.installed-$(LOCKED)  ## install and start the service on port 8000 (ARGS="--port 9000" to change)
	$(SERVE)/bin/hairline serve $(ARGS)

test: $(TEST)/.installed-test  ## install and run the test suite (ARGS="-k tiling" to choose)
	$(TEST)/bin/python -m pytest $(ARGS)

test-slow: $(TEST)/.installed-test $(READERS)/.locked-readers-$(call checksum,readers)  ## run the tests that take minutes, or need a browser or a package index
	$(TEST)/bin/python -m pytest -m slow --durations=0 $(ARGS)

measurement: $(TEST)/.installed-test  ## check lengths and widths in full, write docs/accuracy (ARGS="--data index.csv" adds real masks)
	$(TEST)/bin/python -m benchmarks.measurement docs/accuracy/measurement.md --model models/unet.onnx $(ARGS)

openapi: $(TEST)/.installed-test  ## write docs/openapi.json anew; refuses where something promised would be lost
	$(TEST)/bin/python tests/openapi_promise.py

check: $(TEST)/.installed-test  ## formatting, lint and types
	$(TEST)/bin/ruff format --check .
	$(TEST)/bin/ruff check .
	$(TEST)/bin/mypy

format: $(TEST)/.installed-test  ## rewrite the code as `make check` wants it
	$(TEST)/bin/ruff format .
	$(TEST)/bin/ruff check --fix .

clean:  ## remove the environments
	rm -rf $(SERVE) $(TEST) $(READERS) $(LOCK)

# A lock of other content makes a new environment, so that nothing of the old one stays behind (by its checksum,
# because git gives files new times); a pyproject.toml that changed only installs the project again.
define environment
$(1)/.locked-$(2)-$(3): | python
	@echo "Making $(1) from requirements/$(2).txt (the first time takes some minutes)"
	@$(PYTHON) -m venv --clear $(1)
	@$(1)/bin/python $(INSTALL) --require-hashes --no-deps --requirement requirements/$(2).txt
	@touch $$@

$(1)/.installed-$(2): pyproject.toml $(1)/.locked-$(2)-$(3)
	@$(1)/bin/python $(INSTALL_PROJECT)
	@touch $$@
endef

$(eval $(call environment,$(SERVE),$(LOCKED),$(call checksum,$(LOCKED))))
$(eval $(call environment,$(TEST),test,$(call checksum,test)))
$(eval $(call environment,$(READERS),readers,$(call checksum,readers)))

python:
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) was not found. Install Python 3.11, 3.12 or 3.13, or name one:" \
	    "make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	    echo "$$($(PYTHON) --version) does not fit: Hairline runs on Python 3.11, 3.12 and 3.13." \
	    "Name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# The same versions on Python 3.11, 3.12 and 3.13 and on every platform. `make lock` moves nothing that still fits;
# `make lock ARGS=--upgrade` takes the newest of everything.
COMPILE = $(LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
    --no-emit-index-url --custom-compile-command 'make lock' --constraint requirements/constraints.in $(ARGS)
BASE = pyproject.toml requirements/build.in

lock: | python  ## resolve requirements/*.txt again (ARGS=--upgrade for the newest)
	@test -x $(LOCK)/bin/uv || $(PYTHON) -m venv --clear $(LOCK)
	@$(LOCK)/bin/python $(INSTALL) --require-hashes --no-deps --requirement requirements/lock.txt
	$(COMPILE) requirements/lock.in --output-file requirements/lock.txt
	$(COMPILE) $(BASE) --output-file requirements/serve.txt
	$(COMPILE) $(BASE) --extra cuda --output-file requirements/cuda.txt
	$(COMPILE) $(BASE) requirements/cpu.in --extra openvino --excludes requirements/cpu-excludes.in --excludes requirements/telemetry-excludes.in --output-file requirements/serve-cpu.txt
	$(COMPILE) $(BASE) requirements/cpu.in --excludes requirements/cpu-excludes.in --extra train --output-file requirements/train.txt
	$(COMPILE) $(BASE) --extra train --extra openvino --extra heif --extra dev --excludes requirements/telemetry-excludes.in --output-file requirements/test.txt
	$(COMPILE) requirements/readers.in --output-file requirements/readers.txt
