# The tasks of this repository, one line each. make is enough: every machine that builds software has it, no task
# produces a file that others depend on, and each is a command that you can also type.
.PHONY: help setup check lint format types test coverage golden docs bench fuzz dist

help: ## Show the tasks.
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## Install calfeed and every tool into the active virtual environment.
	python -m pip install --quiet --upgrade 'pip>=25.1'
	pip install --quiet -e '.[test]' --group lint --group bench
	npm install --silent --prefix tests/readers

check: lint types test dist ## Everything that must hold before a change lands.

lint: ## Check style and format.
	ruff check .
	ruff format --check .
	zizmor --quiet --offline .github action.yml calfeed/ci/github.yml

format: ## Format, and fix what ruff can fix.
	ruff check --fix .
	ruff format .

types: ## Check types.
	mypy

test: ## Run the test suite on all cores.
	python -m pytest -n auto

coverage: ## Run the test suite and measure its coverage, which must not fall below the floor in pyproject.toml.
	python -m pytest -n auto --cov

golden: ## Rewrite expected outputs; read the diff before you commit it.
	python -m pytest -q -n auto --update-golden

docs: ## Check links, examples and help texts of the documentation.
	python -m pytest -q tests/test_docs.py tests/test_examples.py

bench: ## Measure speed as ratios within one run.
	python benchmarks/run.py

fuzz: ## Look for inputs that break a promise, for ten minutes.
	python tests/fuzz.py --minutes 10

dist: ## Build the sample calendar, and check that the committed output is current.
	calfeed build
	git diff --stat --exit-code dist
