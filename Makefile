# Everything runs in .venv, which is made once from requirements.lock.
# Choose the interpreter with PYTHON (3.11 or newer): make PYTHON=python3.13 run

PYTHON ?= python3
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.installed
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest
# In the order of collection: the small files come last, so that both end together.
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
UNIT := $(PYTEST) $(SIDE_BY_SIDE) -m "not browser and not notebooks"

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test lab lint format unit coverage notebooks browser bench \
  picture lock upgrade clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## create .venv from the lock (all others do this when needed)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make PYTHON=python3.13 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Installing requirements.lock into .venv (once; this takes a few minutes)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --no-deps --no-build-isolation -e .
	@touch $@

run: $(STAMP) ## run every notebook at default, then write build/report/index.html
	@# time ends only what hangs, on a slow machine too
	@status=0; $(BIN)/curriculum run --scale default --timeout-factor 4 || status=$$?; \
	$(BIN)/curriculum report && exit $$status

test: lint unit notebooks browser ## lint, types, unit tests, notebooks, browser

lint: $(STAMP) ## ruff, mypy and the rules for notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -n $(WORKERS)
	$(BIN)/curriculum lint

unit: $(STAMP) ## unit tests, two files at a time
	@tests/install.sh bubblewrap
	$(UNIT) --junit-xml=build/junit/unit.xml

coverage: $(STAMP) ## unit tests again, with the lines of helpers/ that none runs
	$(UNIT) --cov --cov-report=term

notebooks: $(STAMP) ## every notebook at smoke and default, offline
	$(PYTEST) -m notebooks --junit-xml=build/junit/notebooks.xml

browser: $(STAMP) ## explorers and report in Chromium, two Labs at a time
	@tests/install.sh chromium
	$(PYTEST) $(SIDE_BY_SIDE) -m browser --junit-xml=build/junit/browser.xml

lab: $(STAMP) ## open JupyterLab
	$(BIN)/jupyter lab notebooks

format: $(STAMP) ## let ruff rewrite the code, strip notebook outputs
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout --keep-id notebooks/*.ipynb

bench: $(STAMP) ## measure speed (quiet machine, please)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit; done

picture: $(STAMP) ## draw the README's picture from the last runs at default
	$(BIN)/python -m tests.browser.readme_picture

# jsonschema 4.24 and later compile a grammar that nothing here uses whenever nbformat is
# imported: one to three seconds of every process (python-jsonschema/jsonschema#1428).
# With Python 3.12 papermill needs aiohttp: the lock, which serves all versions, has it.
upgrade: $(STAMP) ## install the newest versions that pyproject.toml allows
	$(BIN)/python -m pip install --upgrade --upgrade-strategy eager -e '.[all]' \
	  'jsonschema<4.24' aiohttp

lock: $(STAMP) ## write the versions now in .venv to requirements.lock
	@mkdir -p build
	@{ echo "# Tested versions of everything in .venv. Made by: make upgrade test lock"; \
	  echo "# A local suffix such as +cpu is left out, so that any build of it will do."; \
	  $(BIN)/python -m pip list --format=freeze --exclude-editable --exclude pip \
	    --exclude wheel | sed 's/+.*//'; } > build/requirements.lock.new
	@mv build/requirements.lock.new requirements.lock && touch $(STAMP)

clean: ## remove build products and caches (.venv stays)
	rm -rf build .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -exec rm -rf {} +
