# The one list of commands. Each target sets up what it needs in .venv, once: a stamp file says that it is there,
# and is renewed when pyproject.toml or constraints.txt change.
#
# Needs only make and Python 3.12 or newer; name another interpreter with `make PYTHON=python3.13 ...`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

BASE := $(VENV)/.installed-base
DEV := $(VENV)/.installed-dev
NOTEBOOKS := $(VENV)/.installed-notebooks
COMPILED := $(VENV)/.compiled

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench calibrate pictures notebooks clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(BASE)  ## the main job: fit ten simulated organizations, print the effects, write report.html
	@$(BIN)/bayescx demo -o report.html

test: $(DEV) $(COMPILED)  ## run the tests
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(DEV)  ## check style, formatting, types and which module may import which
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(DEV)  ## measure the engine
	@$(BIN)/python -m benchmarks

calibrate: $(DEV)  ## simulated studies: do the intervals cover? and the long notebooks (long)
	@$(BIN)/python -m benchmarks.calibration
	@$(BIN)/python -m benchmarks.coverage_mixes
	@$(BIN)/python -m benchmarks.conflict
	@$(BIN)/python -m benchmarks.coverage_loadings
	@$(BIN)/python -m benchmarks.coverage_effort
	@$(BIN)/python -m benchmarks.coverage_moderators
	@$(BIN)/python -m benchmarks.choices coverage
	@$(BIN)/python -m benchmarks.rates
	@$(BIN)/python -m pytest -n 2 -m calibration

pictures: $(BASE)  ## draw the pictures of the README anew
	@$(BIN)/python docs/pictures.py

notebooks: $(NOTEBOOKS)  ## open the notebooks in Jupyter
	@$(BIN)/jupyter lab notebooks

clean:  ## remove caches and build products (the set-up in .venv stays)
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print | while read -r folder; do rm -rf "$$folder"; done

# ------------------------------------------------------------------------------------------------ set-up

# Made last by `python -m venv`, so an interrupted set-up is taken up again.
$(BIN)/pip:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "bayescx needs Python 3.12 or newer; '$(PYTHON)' is not there. Name one: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || { \
	  echo "bayescx needs Python 3.12 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.13" >&2; exit 1; }
	@echo "Setting up $(VENV) (about a minute, once) ..."
	@$(PYTHON) -m venv $(VENV)

$(BASE): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing bayescx ..."
	@$(PIP_INSTALL) -e .
	@touch $@

# What a larger set holds, the base set holds too: one installation serves both stamps.
$(DEV): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing bayescx and its development tools ..."
	@$(PIP_INSTALL) -e ".[dev]"
	@touch $(BASE) $@

$(NOTEBOOKS): pyproject.toml constraints.txt | $(BIN)/pip
	@echo "Installing bayescx and Jupyter ..."
	@$(PIP_INSTALL) -e ".[notebooks]"
	@touch $(BASE) $@

$(COMPILED): $(wildcard bayescx/kernel/*.py bayescx/kernel/*/*.py) | $(DEV)
	@$(BIN)/python -m bayescx.kernel
	@touch $@
