# One environment in .venv/, made on first use and again whenever pyproject.toml or requirements.lock change.

VENV   := .venv
BIN    := $(VENV)/bin
KEY    := $(shell { pwd; cat pyproject.toml requirements.lock; } | cksum | cut -d' ' -f1)
READY  := $(VENV)/ready-$(KEY)
UV     := uv==0.13.9
PYTHON ?= python3 python3.13 python3.12 python3.11
ARGS   ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Without bytecode on disk every command would compile half a thousand modules anew, which takes longer than its work.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test verify verify-full bench lint docs pages figures env lock clean FORCE
.DEFAULT_GOAL := help

help:
	@echo "make run      the baseline of 2010: table, map, results file (ARGS='inflow=60' for another)"
	@echo "make test     the tests, without the slow ones (ARGS='-k network' to select, ARGS='-m \"\"' for all)"
	@echo "make verify   slow statistical checks of the engines against theory and against each other"
	@echo "make verify-full  the same with full amounts, for hours; resumes after an interruption, log in verification/"
	@echo "make bench    speed of the engines"
	@echo "make lint     ruff, codespell, mypy"
	@echo "make docs     the documentation as web pages in build/docs/"
	@echo "make pages    what of docs/ is made from the code: the architecture, the tables of results, the dependencies"
	@echo "make figures  the figures of docs/ anew, from results/reference/"
	@echo "make env      only prepare .venv/ (PYTHON=python3.12 chooses the interpreter when it is made)"
	@echo "make lock     take the newest versions of all dependencies into requirements.lock"
	@echo "make clean    remove .venv/ and caches"

run: $(READY)
	@$(BIN)/flowsim $(ARGS)

test: $(READY)
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal $(ARGS)

verify: $(READY)
	@$(BIN)/python -m pytest -q -m "" -n 2 --dist worksteal verification $(ARGS)

verify-full: $(READY)
	@FLOWSIM_VERIFY=full $(BIN)/python -m pytest -q -m "" -n 2 --dist worksteal verification $(ARGS)

bench: $(READY)
	@$(BIN)/python benchmarks/run.py $(ARGS)

lint: $(READY)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/codespell
	@$(BIN)/mypy

docs: $(READY)
	@$(BIN)/sphinx-build --fail-on-warning --keep-going -q docs build/docs
	@echo "build/docs/index.html"

pages: $(READY)
	@$(BIN)/python docs/architecture.py
	@$(BIN)/python docs/policies.py
	@$(BIN)/python docs/results.py
	@$(BIN)/python docs/two_populations.py
	@$(BIN)/python docs/dependencies.py

figures: $(READY)
	@$(BIN)/python docs/figures.py

env: $(READY)
	@:

lock: $(READY)
	@$(BIN)/uv pip compile --quiet --upgrade --universal --no-header --group dev pyproject.toml -o requirements.lock

clean:
	@rm -rf $(VENV) build dist .coverage htmlcov .hypothesis .mypy_cache .pytest_cache .ruff_cache

# The key holds the folder too, because a virtual environment does not survive being moved. A Debian without
# ensurepip gets pip from outside; where uv cannot be installed, pip does the whole work.
$(READY): $(if $(wildcard $(BIN)/python),,FORCE)
	@set -eu; python=; seen=; \
	for candidate in $(PYTHON); do \
	    version=$$($$candidate --version 2>/dev/null) || continue; \
	    seen="$$seen $$candidate is $$version;"; \
	    if $$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; \
	    then python=$$candidate; break; fi; \
	done; \
	if [ "$$(cat $(VENV)/place 2>/dev/null)" = "$$PWD" ] && $(BIN)/python -c '' 2>/dev/null; then \
	    echo "Updating $(VENV), because pyproject.toml or requirements.lock changed" >&2; \
	elif [ -z "$$python" ]; then \
	    echo "flowsim needs Python 3.11, 3.12 or 3.13;$${seen:- none of $(PYTHON) runs;}" \
	        "name one: make $(or $(firstword $(MAKECMDGOALS)),run) PYTHON=/path/to/python3.12" >&2; \
	    exit 1; \
	else \
	    echo "Setting up $(VENV) with $$version (once; half a minute)" >&2; \
	    $$python -m venv --clear $(VENV) >/dev/null 2>&1 \
	        || $$python -m venv --clear --without-pip $(VENV) 2>/dev/null \
	        || { echo "$$python has no venv module; on Debian: apt install python3-venv" >&2; exit 1; }; \
	    echo "$$PWD" > $(VENV)/place; \
	fi; \
	rm -f $(VENV)/ready-*; \
	if $(BIN)/python -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
	elif $$python -m pip --version >/dev/null 2>&1; then pip="$$python -m pip --python $(BIN)/python"; \
	else echo "$$python has no pip; on Debian: apt install python3-pip" >&2; exit 1; fi; \
	if $$pip install --quiet --only-binary :all: "$(UV)" 2>/dev/null; \
	then install="$(BIN)/uv pip install --quiet --python $(BIN)/python"; \
	else install="$$pip install --quiet"; fi; \
	$$install -r requirements.lock; \
	$$install --no-deps --no-build-isolation -e .; \
	$(BIN)/python -m compileall -q -j 0 src $$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
	    >/dev/null 2>&1 || true; \
	touch $@
