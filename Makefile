# Everything goes through uv, which reads uv.lock. Where there is no uv, the first target that
# needs it fetches one into .uv/ with pip; nothing outside this folder is touched.
UV_VERSION := 0.13.9
PYTHON ?= python3
UV := $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
RUN := $(UV) run --locked

.DEFAULT_GOAL := help
.PHONY: help setup fmt lint types floors test e2e bench bench-peers docs maps screenshots daemon tui bump check clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.uv/bin/uv:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .uv uv==$(UV_VERSION)
	echo '*' > .uv/.gitignore

setup: $(filter .uv/bin/uv,$(UV)) ## Install everything that uv.lock names into .venv
	$(UV) sync --locked --quiet

fmt: setup ## Format the code and sort imports
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

lint: setup ## Check format and lint rules
	$(RUN) ruff format --check .
	$(RUN) ruff check .

types: setup ## Check types, strictly
	$(RUN) mypy --strict packages/*/src apps/*/src

floors: setup ## Check that imports go down the house
	$(RUN) lint-imports

test: setup ## Run every test
	$(RUN) pytest

e2e: setup ## Run only the tests that start real processes
	$(RUN) pytest -m e2e

bench: setup ## Run the benchmarks and print their table
	mkdir -p .benchmarks
	$(RUN) pytest benchmarks --benchmark-json=.benchmarks/latest.json
	$(RUN) python tools/bench_table.py .benchmarks/latest.json

bench-peers: setup ## Measure our kernels against public peers, in an environment of their own
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .benchmarks/peers
	$(UV) pip install --quiet --python .benchmarks/peers -r tools/peers.txt \
		packages/rf-common packages/rf-pricing packages/rf-signals packages/rf-risk \
		packages/rf-knowledge-graph packages/rf-swarm-sim packages/rf-feature packages/rf-oms \
		packages/rf-execution packages/rf-strategy packages/rf-engine packages/rf-backtest
	.benchmarks/peers/bin/python benchmarks/peers.py $(A)

docs: setup ## Write the generated pages and build the site into site/
	$(RUN) python tools/reference.py
	$(RUN) zensical build --strict

daemon: setup ## Run the daemon; without keys the market is simulated. More flags: A="--for 10"
	$(RUN) daemon $(A)

tui: setup ## Run the terminal against a running daemon. More flags: A="--ascii"
	$(RUN) tui $(A)

maps: setup ## Draw the accuracy maps of the docs
	$(RUN) python tools/accuracy_maps.py

screenshots: setup ## Take the pictures of the docs from the real terminal
	$(RUN) python tools/screenshot.py

bump: setup ## Set a new version everywhere and collect changes/: make bump V=0.2.0
	$(RUN) python tools/bump.py $(V)
	$(UV) lock

check: lint types floors test ## Everything that CI runs
	$(RUN) pytest benchmarks --benchmark-disable --quiet
	$(RUN) zensical build --strict

clean: ## Remove what can be made again; data, .env and .venv stay
	rm -rf site dist .benchmarks .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find packages apps tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
