.DEFAULT_GOAL := help
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: help run test races bench check lint types imports fix clean

help: ## Show the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Install, migrate, fill with demo data, serve; prints addresses and log-ins
	$(BIN)/contact-center serve --demo $(ARGS)

test: $(VENV)/.installed-dev ## The whole suite on SQLite and PostgreSQL; T=path runs some of it
	$(BIN)/python -m pytest -n $(or $(JOBS),auto) $(T)

races: $(VENV)/.installed-dev ## 10,000 races and 20 kills instead of a few
	CC_TEST_RACES=10000 CC_TEST_KILLS=20 $(BIN)/python -m pytest --timeout 3000 -n $(or $(JOBS),auto) -m "race or crash"

bench: $(VENV)/.installed-dev ## Measure speed and memory; prints a table, writes bench.json
	$(BIN)/python -m tests.bench $(ARGS)

check: lint types imports test ## Everything CI checks

lint: $(VENV)/.installed-dev ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev ## Check types
	$(BIN)/mypy

imports: $(VENV)/.installed-dev ## Check the architecture
	$(BIN)/lint-imports

fix: $(VENV)/.installed-dev ## Format, and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Remove the environment; the data directory stays
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/.installed
