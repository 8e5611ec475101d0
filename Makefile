# Every target makes .venv by itself, with uv where it is installed and pip where it is not.
# constraints.txt pins the whole tree, so that a new machine gets what was tested.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JOBS ?= 2

# The tests start hundreds of processes: without bytecode each compiles the whole of its imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo test test-moltbot acceptance-aws check format bench docs clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

# pip takes an index that fails for a moment for one that lacks a version ("conflicting dependencies"), hence the loop.
$(STAMP): pyproject.toml constraints.txt
	@if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python $(PYTHON) $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'; \
	else \
	  $(PYTHON) -m venv $(VENV) && \
	  for wait in 5 20 60 none; do \
	    $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]' && break; \
	    test $$wait != none && echo "The packages could not be installed; trying again in $$wait s." && sleep $$wait || exit 1; \
	  done; \
	fi
	@touch $@

install: $(STAMP) ## Make .venv with everything in it

demo: $(STAMP) ## Watch the main job in six scenes, on an embedded AWS
	$(BIN)/molthub demo

# A file stays on one worker (its tests share a furnished stage); in the files' own order the long ones come early.
test: $(STAMP) ## Run the tests (without the real Moltbot)
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not moltbot and not acceptance"

test-moltbot: $(STAMP) ## Let the real Moltbot from npm judge what is rendered
	$(BIN)/python -m pytest -m moltbot tests/moltbot

acceptance-aws: $(STAMP) ## Try everything on a real AWS account (docs/operating.md, Acceptance; costs money)
	$(BIN)/python -m pytest -s -m acceptance tests/acceptance

check: $(STAMP) ## Format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(STAMP) ## Run the benchmarks
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

docs: $(STAMP) ## Generate the references and the JSON Schema
	$(BIN)/python docs/generate.py

clean: ## Remove what the other targets made
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .cache
