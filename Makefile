# 归集 Guiji. `make` alone prints this manual.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
PY := $(CURDIR)/$(VENV)/bin/python
READY := $(VENV)/ready
UV := $(VENV)/bin/uv
export UV_CACHE_DIR ?= $(CURDIR)/$(VENV)/uv-cache
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE := copy
export UV_SYSTEM_CERTS := 1

.PHONY: help setup lock check test soak nightly nights up down bench clean docs

help: ## this manual
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## make .venv from the lock (done by the others when needed)

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml hatch_build.py
	@python=$$(command -v python3.11 || command -v python3 || true)
	if [ -z "$$python" ] || ! "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
		echo "✗ 需要 Python 3.11 / Python 3.11 is needed (found: $${python:-none})" >&2; exit 1
	fi
	echo "安装依赖（首次约一分钟）… installing, about a minute the first time"
	[ -x $(PY) ] || "$$python" -m venv $(VENV)
	$(PY) -m pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r requirements/uv.txt
	$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	touch $(READY)

lock: $(READY) ## compile requirements/*.in into hashed locks
	@for name in base dev uv; do
		$(UV) pip compile --quiet requirements/$$name.in --generate-hashes --python-version 3.11 \
			--no-emit-index-url --custom-compile-command "make lock" -o requirements/$$name.txt
	done

check: $(READY) ## style, types, layers, the catalog, generated docs
	@$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-cache
	$(VENV)/bin/yamllint --strict departments receivers expectations schemas
	$(VENV)/bin/guiji check
	$(PY) -m docs.generate --check

test: $(READY) ## all tests, on real servers
	@$(PY) -m pytest -n 2 --dist loadgroup

soak: $(READY) ## hours of kills, faults and simulated nights, and their figures; TIER=R for all of them
	@$(PY) -m tests.soak $(or $(TIER),N)

nightly: $(READY) ## a night of the sandbox through Airflow; NIGHT=2 for the next one
	@$(PY) -m sandbox.nightly --night $(or $(NIGHT),1)

nights: $(READY) ## many nights under one Airflow, with figures; NIGHTS=20 ROWS=60
	@$(PY) -m sandbox.nights --nights $(or $(NIGHTS),20) --rows $(or $(ROWS),60)

up: $(READY) ## leave Airflow's pages and the sandbox running
	@$(PY) -m sandbox.stay start --night $(or $(NIGHT),1)

down: $(READY) ## end what `make up` started
	@$(PY) -m sandbox.stay stop

bench: $(READY) ## the whole chain beside the average team's, in one run
	@$(PY) -m benchmarks.chain
	$(PY) -m benchmarks.converters

docs: $(READY) ## write the generated pages
	@$(PY) -m docs.generate

clean: ## remove .venv and var
	rm -rf $(VENV) var
