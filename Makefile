# cloudfilm: `make run` shows it, `make test` proves it. No root needed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test lint fmt drill bench lock

# PORT and HOME_DIR, as make or environment variables, win over CLOUDFILM_PORT and CLOUDFILM_HOME.
ifneq ($(PORT),)
override CLOUDFILM_PORT := $(PORT)
export CLOUDFILM_PORT
endif
ifneq ($(HOME_DIR),)
override CLOUDFILM_HOME := $(abspath $(HOME_DIR))
export CLOUDFILM_HOME
endif

BIN := .venv/bin

# Where the environment forbids it, each of many processes would compile every module anew: 0.3 s of each start.
export PYTHONDONTWRITEBYTECODE :=

help: ## this list
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

run: ## set up what is missing and start everything as a demo (PORT=8000 HOME_DIR=.cloudfilm); Ctrl-C stops
	@infra/deploy/venv.sh requirements.lock
	@infra/deploy/fonts.sh
	@infra/deploy/phone.sh h5 viewer
	@exec $(BIN)/python -m api run

test: ## format, lint, types, import contracts and all tests, within 10 minutes
	@infra/deploy/venv.sh requirements-dev.lock
	@infra/deploy/browser.sh
	@infra/deploy/phone.sh h5 viewer weapp alipay & phone=$$!; $(MAKE) --no-print-directory lint && wait $$phone # one waits for the network
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -q # two cores, and much waiting

lint: ## format, lint, types and import contracts only
	@infra/deploy/venv.sh requirements-dev.lock
	@infra/deploy/fonts.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: ## format the code and mend what the linter can
	@infra/deploy/venv.sh requirements-dev.lock
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

drill: ## long fault runs: kills, damaged copies, Redis, full disk; prints a ledger (45 minutes to 2 hours)
	@infra/deploy/venv.sh requirements-dev.lock
	@infra/deploy/fonts.sh
	$(BIN)/python -m tests.drill

bench: ## measure, print tables
	@infra/deploy/venv.sh requirements-dev.lock
	@infra/deploy/fonts.sh
	$(BIN)/python -m bench
	$(BIN)/python -m bench.people
	$(BIN)/python -m bench.shares
	@infra/deploy/phone.sh h5 viewer
	$(BIN)/python -m bench.phone

lock: ## choose the newest allowed versions of all packages anew
	python3 -m venv build/lock && build/lock/bin/pip install -q uv
	build/lock/bin/uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements-dev.lock
	build/lock/bin/uv pip compile pyproject.toml $(LOCK) -c requirements-dev.lock -o requirements.lock

LOCK := --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -q
