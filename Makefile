# The commands of this checkout. `make demo` and `make test` do all the set-up they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# uv from PATH, or a private one that scripts/setup.sh puts into build/uv.
export PATH := $(CURDIR)/.venv/bin:$(PATH):$(CURDIR)/build/uv/bin:/usr/sbin

KEEP ?=
PYTEST_ARGS ?=
PROVE_ARGS ?=

.PHONY: help setup tools demo demo-down test check format docs captures prove-rules clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 18

setup: ## Python environment from the lock file
	@scripts/setup.sh python

tools: setup ## Python environment, HAProxy, and the tools built from Go modules
	@scripts/setup.sh haproxy
	@fairlead twin build

demo: tools ## Upgrade three clusters under traffic and watch (KEEP=1 leaves them running)
	@KEEP=$(KEEP) scripts/demo.sh

demo-down: ## End a demo that KEEP=1 left running
	@export XDG_STATE_HOME=$(CURDIR)/build/demo/state; fairlead worker stop; fairlead twin down --name demo

test: check tools ## Everything: checks, then all tests, the twin's among them
	@pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: setup ## Lint, types, import contracts, generated pages
	@ruff check .
	@ruff format --check .
	@mypy
	@lint-imports
	@python docs/build.py --check

format: setup ## Format and mend what can be mended
	@ruff check --fix .
	@ruff format .

docs: setup ## Write the generated pages anew
	@python docs/build.py

captures: tools ## Take the README's pictures from a real run
	@scripts/captures.sh

prove-rules: tools ## Compare every rule with a real API server on thousands of objects (about 15 minutes)
	@PYTHONPATH=tests python tests/policies/prove.py $(PROVE_ARGS)

clean: ## Remove what was built in this checkout (the tool cache stays)
	rm -rf build dist .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
