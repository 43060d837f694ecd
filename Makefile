# Every target sets up what it needs: .venv, node_modules and, where missing and
# allowed, the system packages behind them (scripts/bootstrap).

# Interpreter that creates .venv; empty picks the first usable one, 3.10 or later.
PYTHON =
HOST = 127.0.0.1
PORT = 5000
# Processes that run the tests; most of them wait for servers, so as many as there are cores.
JOBS = auto
# Failures after which the tests stop: most often all have one cause, and some wait for it in vain.
MAXFAIL = 5
# How long `make fuzz` searches, and where its chance starts; that of SAMPLE, too.
SECONDS = 120
SEED = 0
# What `make mutants` runs: names of mutants (`asynction.security.*`), and how many of them; empty for all.
MUTANTS =
SAMPLE =

VENV = .venv
BIN = $(VENV)/bin
RUN_READY = $(VENV)/.runs
PY_READY = $(VENV)/.installed
JS_READY = node_modules/.installed
MUTANTS_READY = $(VENV)/.mutants

# These are decided without I/O, so nothing excuses an untested branch.
CORE = asynction/exceptions.py,asynction/_http_exceptions.py,asynction/problems.py,asynction/rules.py,$\
  asynction/contract.py,$\
  asynction/validation/*,asynction/security/*,asynction/document/*,asynction/inject.py,$\
  asynction/models/*,asynction/runtime/*,asynction/samples/*,asynction/ui/*

# What is tested with the lowest versions: the parts that touch other packages.
LOWEST_TESTS = tests/test_guards.py tests/models tests/runtime tests/security tests/client tests/mock \
  tests/middleware tests/server/flask tests/server/asgi tests/server/websocket tests/server/gateway \
  tests/server/test_origins.py
# The tools themselves are not held to anything: schemathesis, for example, needs newer versions than we do.
LOWEST_TOOLS = fast-depends fastapi httpx hypothesis msgpack opentelemetry-sdk pytest pytest-cov pytest-xdist

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two set-up steps at once would fight over the package manager's lock.
.NOTPARALLEL:
.PHONY: help run test package lowest bench fuzz mutants lint typecheck format docs assets install clean distclean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  \1	/p' $(MAKEFILE_LIST)

run: $(RUN_READY) assets ## Serve the chat example, and a mock of it (HOST=, PORT=)
	@$(BIN)/python scripts/demo.py --host $(HOST) --port $(PORT)

test: install assets ## Run the test suite with branch coverage
	@scripts/bootstrap redis
	@scripts/bootstrap chromium
	@echo "test: this takes about 10 minutes on two cores; it stops after $(MAXFAIL) failures (MAXFAIL=)"
	node --test tests/ui_js/*.test.mjs
	$(BIN)/pytest -n $(JOBS) --maxprocesses=8 --maxfail=$(MAXFAIL) --ignore=tests/benchmarks --cov
	$(BIN)/coverage report --fail-under=100 --include='$(CORE)'

package: $(PY_READY) ## Build sdist and wheel into dist, and test the wheel in an empty environment
	@scripts/bootstrap npm
	@scripts/bootstrap chromium
	$(BIN)/python scripts/package.py

lowest: $(PY_READY) ## Test with the lowest versions that setup.cfg allows
	$(BIN)/python -m venv --clear build/lowest
	$(BIN)/python scripts/lowest.py > build/lowest/constraints.txt
	build/lowest/bin/python -m pip install --quiet --disable-pip-version-check \
	  -c build/lowest/constraints.txt -e '.[all]' $(LOWEST_TOOLS)
	build/lowest/bin/python -m pytest -n $(JOBS) --maxprocesses=8 --maxfail=$(MAXFAIL) -q $(LOWEST_TESTS)

bench: install ## Run the benchmarks (ratios within one run)
	$(BIN)/pytest tests/benchmarks

fuzz: $(PY_READY) ## Search the schemas of examples and tests for slow refusals (SECONDS=, SEED=)
	PYTHONPATH=. $(BIN)/python scripts/fuzz.py --seconds $(SECONDS) --seed $(SEED)

mutants: $(MUTANTS_READY) ## Change the code in small ways, and count what the tests notice (MUTANTS=, SAMPLE=, SEED=)
	$(BIN)/python scripts/mutants.py --sample '$(or $(SAMPLE),0)' --seed $(SEED) $(foreach name,$(MUTANTS),'$(name)')

lint: $(PY_READY) ## Check style, formatting and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

typecheck: $(PY_READY) ## Run mypy --strict
	$(BIN)/mypy

format: $(PY_READY) ## Format the code and fix what can be fixed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(PY_READY) ## Build the manual into docs/_build/html
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

assets: $(JS_READY) ## Put the console's libraries into the package
	@node scripts/assets.mjs

install: $(PY_READY) $(JS_READY) ## Create .venv and node_modules

# What serving needs; a venv without a working pip (interpreter gone, half-made) is made anew.
$(RUN_READY): setup.cfg setup.py pyproject.toml
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  python=$$(PYTHON='$(PYTHON)' scripts/bootstrap python) && \
	  echo "install: creating $(VENV)" && "$$python" -m venv --clear $(VENV); }
	@echo "install: asynction and what it needs, about half a minute"
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e .
	@touch $@

$(PY_READY): $(RUN_READY)
	@echo "install: the tools for tests, checks and the manual, about two minutes"
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[dev]'
	@touch $@

$(MUTANTS_READY): $(PY_READY)
	@echo "install: the tools for mutants, about ten seconds"
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -e '.[mutants]'
	@touch $@

$(JS_READY): package.json package-lock.json .npmrc
	@scripts/bootstrap npm
	@echo "install: the JavaScript libraries, about ten seconds"
	npm ci --loglevel=error >/dev/null
	@touch $@

clean: ## Remove what builds and checks leave behind
	rm -rf build dist *.egg-info docs/_build htmlcov .coverage .coverage.* \
	  .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache mutants
	find asynction specs tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, then remove .venv and node_modules too
	rm -rf $(VENV) node_modules
