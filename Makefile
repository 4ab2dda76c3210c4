# Needs Python 3.10 or newer and make; on Debian and Ubuntu what else is missing comes by apt.
# `make` alone lists what can be made.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help drive test lint format test-sb3 screen angelscript torcs headers clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

drive: $(VENV)/racegym.made ## drive a lap of TORCS's Aalborg and draw it
	@if $(MAKE) --no-print-directory torcs; then \
		$(BIN)/racegym drive torcs/aalborg; \
	else \
		echo 'TORCS cannot be had here, as said above: driving the built-in simulator instead.'; \
		$(BIN)/racegym drive bicycle/oval; \
	fi

test: lint ## check style and types, then run all tests
	@$(MAKE) --no-print-directory torcs || echo 'Going on without TORCS: the tests that need it will fail.'
	@$(MAKE) --no-print-directory screen || echo 'Going on without Xvfb: the tests that need a screen will fail.'
	@$(MAKE) --no-print-directory angelscript || echo 'Going on without AngelScript: its tests are skipped.'
	$(BIN)/python -m pytest

lint: $(VENV)/dev.made ## check style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(VENV)/dev.made ## put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-sb3: $(VENV)/dev.made ## install Stable-Baselines3 with CPU torch and run the tests that use it
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) --retries 1 torch --index-url https://download.pytorch.org/whl/cpu
	$(PIP) -e '.[train]'
	$(BIN)/python -m pytest tests/test_sb3.py

screen: ## install Xvfb, the screen of TrackMania's stand-in, where missing
	@command -v Xvfb >/dev/null || { $(call apt,xvfb); }

angelscript: ## install AngelScript's compiler, which tests TrackMania's plug-in, where it can be had
	@test -f /usr/include/angelscript.h || { $(call apt,angelscript-dev); }

torcs: $(VENV)/racegym.made ## install TORCS and build our plug-in for it, where missing
	@command -v g++ >/dev/null || { $(call apt,g++); }
	@$(BIN)/racegym torcs install

clean: ## remove the virtual environment and what tools left
	rm -rf $(VENV) .pytest_cache .ruff_cache build dist

# Two stamps, because driving needs no linters.
$(VENV)/racegym.made: pyproject.toml | $(BIN)/python
	$(PIP) -e .
	@touch $@

# pynput's dependency evdev is built from source.
headers:
	@$(BIN)/python -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null || \
		{ package=$$($(BIN)/python -c 'import sys; print("python%d.%d-dev" % sys.version_info[:2])'); $(call apt,$$package); }
	@command -v gcc >/dev/null || { $(call apt,gcc libc6-dev); }

$(VENV)/dev.made: pyproject.toml $(VENV)/racegym.made
	@$(MAKE) --no-print-directory headers
	$(PIP) -e '.[dev]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo 'racegym needs Python 3.10 or newer; name one: make PYTHON=python3.12' >&2; false; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); $(call apt,$$package); }
	$(PYTHON) -m venv $(VENV)

# Install a Debian package as root or by a sudo that asks nothing; else say the command.
define apt
echo "installing $(1)"; as='env DEBIAN_FRONTEND=noninteractive'; [ "$$(id -u)" = 0 ] || as="sudo -n $$as"; \
$$as apt-get install -y -qq $(1) >/dev/null 2>&1 \
	|| { $$as apt-get update -qq && $$as apt-get install -y -qq $(1); } >/dev/null \
	|| { echo "$(1) is missing; install it, on Debian and Ubuntu: sudo apt-get install $(1)" >&2; false; }
endef
