# Every command installs what it needs first. Nothing is installed outside this folder, except by `make test` as root
# on Debian, which adds the servers that the tests drive.
SHELL := /bin/bash
BIN := .venv/bin
JOBS ?= $(shell expr 2 + 2 '*' $$(nproc))
ARGS ?=
# Many tests wait for processes, so that more run at once than there are processors; tests/conftest.py mixes the slow among them.
ORDER = -n $(JOBS) --dist loadfile --no-loadscope-reorder -o tmp_path_retention_policy=failed

.DEFAULT_GOAL := help
.PHONY: help run test check audit format soak bench lock widget docs pictures clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## install, then serve the demo on http://127.0.0.1:8080
	@bash scripts/install.sh run
	@$(BIN)/switchboard prepare || true
	@exec $(BIN)/switchboard serve $(ARGS)

test: ## install everything the tests need and run all of them; ARGS="-k name" for some
	@bash scripts/install.sh dev
	@bash scripts/test-setup.sh
	@bash scripts/test.sh $(ORDER) $(ARGS)

check: ## formatting, lint, types, import contracts, locks, and the quick tests of the project's own rules
	@bash scripts/install.sh dev
	@bash scripts/check.sh

audit: ## ask the advisory services about everything that is locked
	@bash scripts/install.sh dev
	@bash scripts/audit.sh

format: ## format the code and mend what the linter can mend
	@bash scripts/install.sh dev
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

soak: ## run the scenarios at the size that the reports state; writes docs/reference/soak/
	@bash scripts/install.sh dev
	@bash scripts/test-setup.sh
	@SWITCHBOARD_SOAK=1 $(BIN)/python -m pytest -m soak --timeout 7200 $(ARGS)

bench: ## measure this machine; ARGS="--help" for the choices
	@bash scripts/install.sh dev
	@bash scripts/test-setup.sh
	@$(BIN)/python -m bench $(ARGS)

lock: ## write the locks from pyproject.toml; ARGS=--upgrade for newer versions
	@bash scripts/install.sh dev
	@bash scripts/lock.sh $(ARGS)

widget: ## build the widget into channels/web/static/
	@bash scripts/install.sh dev
	@bash scripts/widget.sh build

docs: ## write the generated reference pages again
	@bash scripts/install.sh dev
	@$(BIN)/python -m scripts.reference

pictures: ## take the pictures of the README and of the desk's pages again
	@bash scripts/install.sh dev
	@bash scripts/test-setup.sh
	@$(BIN)/python -m scripts.screenshots
	@$(BIN)/python -m scripts.desk_pictures

clean: ## remove caches and build output; keeps .venv and var
	@rm -rf build dist ./*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache tests/.artifacts
	@find . -name __pycache__ -type d -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +
