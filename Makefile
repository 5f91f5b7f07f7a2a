# What people do with this repository. All that is assumed: Python 3.11 or 3.12, make, and a package index that pip is
# configured for. The work is in sandbox/ and tests/run.py.

PYTHON ?= python3
# Arguments for the tests, such as ARGS="-k cron -x"
ARGS ?=
# How many chaos cycles, and what their chance comes from
COUNT ?= 20
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help python demo sandbox test matrix full unit project properties integration dags crash proofs chaos guard-proof soak compare-proof lint docs bench environments clean ui check-ui test-ui

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

python:
	@$(PYTHON) -c 'import sys; sys.exit("This needs Python 3.10 or newer, and $(PYTHON) is older; say for example: make test PYTHON=python3.12" if sys.version_info < (3, 10) else 0)'

demo: python ## Harvest a catalogue into a real udata portal by real Airflow DAGs; ARGS=--open keeps Airflow running
	@$(PYTHON) -m sandbox.demo $(ARGS)

sandbox: python ## Start a real udata portal and four catalogues on loopback, until Ctrl-C or for an hour
	@$(PYTHON) -m sandbox $(ARGS)

test: python ## Run the tests on the newest Airflow and on two udata releases, from a fresh clone: before each push
	@$(PYTHON) -m tests.run test

matrix: python ## Run the tests on the other Airflow and udata releases, and some on PostgreSQL
	@$(PYTHON) -m tests.run matrix

full: python ## Run `make crash`, `make test` and `make matrix` in one go
	@$(PYTHON) -m tests.run full

unit: python ## Run the unit tests on Airflow 3.3, without udata
	@$(PYTHON) -m tests.run unit -- $(ARGS)

project: python ## Run the tests of the repository itself: sandbox, wheel, suites, where things are
	@$(PYTHON) -m tests.run project -- $(ARGS)

properties: python ## Try the properties of the unit tests on many more examples
	@$(PYTHON) -m tests.run properties -- $(ARGS)

integration: python ## Run the tests against real udata releases
	@$(PYTHON) -m tests.run integration -- $(ARGS)

dags: python ## Run the example DAGs through real Airflow against a real udata
	@$(PYTHON) -m tests.run dags -- $(ARGS)

crash: python ## Kill tasks and components of a real Airflow that harvests on a real udata, and see what comes of it
	@$(PYTHON) -m tests.run crash -- $(ARGS)

proofs: python ## Run the slow proofs in a short form: chaos, the guard on real portals, and all examples of properties
	@$(PYTHON) -m tests.run proofs

chaos: python ## Send complete lives of sources through a portal that goes wrong at random: COUNT=200 SEED=1
	@$(PYTHON) -m tests.run chaos -- --count $(COUNT) --seed $(SEED) $(ARGS)

guard-proof: python ## Thirty-eight stories of the guard on real portals, and thirty days of forecasts for 2,000 datasets: takes half an hour
	@$(PYTHON) -m tests.run guard-proof -- $(ARGS)

soak: python ## Let 300 waits and 3 event triggers see 5,000 harvests of an imitated portal that is upgraded meanwhile
	@$(PYTHON) -m tests.run soak -- $(ARGS)

compare-proof: python ## Find every kind of change between harvests of 5,000 records on real portals: takes up to two hours
	@$(PYTHON) -m tests.run compare-proof -- $(ARGS)

lint: python ## Check style, format, types, and the words of messages and pages
	@$(PYTHON) -m tests.run lint

docs: python ## Build the documentation site into build/site; any warning fails it
	@$(PYTHON) -m tests.run docs

ui: python ## Build the pages for Airflow from ui/, with Node: the script that the package ships
	@$(PYTHON) -m sandbox.pages build

check-ui: python ## Test the sources of the pages, and check that the shipped script is what they build
	@$(PYTHON) -m sandbox.pages check

test-ui: python ## Open the pages in real Airflow 3.1 to 3.4, in a headless Chromium (Debian: apt install chromium)
	@$(PYTHON) -m tests.run ui -- $(ARGS)

bench: python ## Measure this provider beside its peers, and write docs/benchmarks.md: ARGS="--only waits --n 100"
	@$(PYTHON) -m benchmarks $(ARGS)

environments: python ## Build all virtual environments
	@$(PYTHON) -m sandbox.environments ensure all

clean: ## Remove the environments, caches and logs
	rm -rf .venvs logs dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
