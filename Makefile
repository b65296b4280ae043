# `make` alone lists what there is.
SHELL := /bin/sh
BIN := .venv/bin
DATA ?= $(or $(HEADWAY_TRIAL_DATA),../shared/data)
PYTHON ?=
PORT ?= 8000
export PYTHON
# Every part starts Python many times: what is compiled once is kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast check check-format check-types check-layers check-pages check-models \
	check-house trial bench kill accuracy audit texts clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

# Two stamps: the programme alone is enough to try it; tests and checks need the tools too.
.venv/.programme: pyproject.toml constraints.txt tools/python.sh
	@if [ -e .venv/.tools ]; then $(MAKE) --no-print-directory .venv/.tools; \
	else sh tools/setup.sh .; fi
	@touch $@

.venv/.tools: pyproject.toml constraints.txt tools/python.sh
	@sh tools/setup.sh '.[dev]'
	@touch $@ .venv/.programme

setup: .venv/.tools ## make .venv with everything that tests and checks need

demo: .venv/.programme ## start a demonstration organisation on PORT (8000); prints the address
	@HEADWAY_DATA="$${HEADWAY_DATA:-var/demo}" $(BIN)/headway demo --port $(PORT)

test: .venv/.tools ## every test, on SQLite and on PostgreSQL
	@$(BIN)/python tools/run_tests.py

test-fast: .venv/.tools ## every test but the journeys in a browser, on SQLite
	@$(BIN)/pytest -q -m "not e2e" -n 2

# Settings need a secret: without one given, each of these would write a data folder.
check check-%: export HEADWAY_SECRET_KEY ?= only-for-checks
check check-%: export HEADWAY_DATA := $(CURDIR)/var/check
check check-%: export DJANGO_SETTINGS_MODULE := headway.settings

check: check-format check-types check-layers check-pages check-models check-house ## everything but the tests

check-format: .venv/.tools
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

check-types: .venv/.tools
	$(BIN)/mypy
	MYPYPATH=tools $(BIN)/mypy tools/*.py

check-layers: .venv/.tools
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_house_layers.py

check-pages: .venv/.tools
	$(BIN)/djlint headway/web/templates --lint --quiet
	$(BIN)/python tools/check_templates.py
	$(BIN)/python tools/check_static.py
	$(BIN)/python tools/texts.py check

check-models: .venv/.tools
	@mkdir -p $(HEADWAY_DATA)
	$(BIN)/django-admin makemigrations --check --dry-run --settings headway.settings

check-house: .venv/.tools
	$(BIN)/python tools/check_words.py
	$(BIN)/pytest -q tests/test_docs.py

trial: .venv/.tools ## the main job on the real files in DATA (../shared/data), by the command line; accuracy on a sample
	@$(BIN)/python tools/trial.py $(DATA)
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python bench/accuracy.py $(DATA) --small

bench: .venv/.tools ## print the figures of bench/
	@for program in $(filter-out bench/kill.py bench/kill_inside.py,$(wildcard bench/*.py)); do echo "── $$program"; HEADWAY_TRIAL_DATA="$(DATA)" $(BIN)/python "$$program" || exit 1; done

kill: .venv/.tools ## kill -9 everything under load, a hundred times on each database; is anything lost?
	@$(BIN)/python bench/kill.py

accuracy: .venv/.tools ## how well forecasts, impact and plans hold on the open series in DATA: target, naive, ours
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python bench/accuracy.py $(DATA)

audit: .venv/.tools ## known holes in what is installed (needs a network)
	$(BIN)/pip-audit --skip-editable

texts: .venv/.tools ## extract the texts, bring each language up to date, compile
	$(BIN)/python tools/texts.py update

clean: ## remove what the commands above made
	rm -rf .venv var build dist *.egg-info .mypy_cache .ruff_cache .hypothesis .import_linter_cache
