# Every target is one command on a machine with only python3 (3.11 or newer), make and the package index.
PYTHON ?= python3
SERVE ?= 1
PORT ?= 8000
export SERVE PORT

RUN = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help demo test test-saleor shop bench lint record venv

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

venv: ## make or renew .venv; every other target does it by itself
	@$(PYTHON) deploy/tools/bootstrap.py

demo: venv ## sample villages, recorded orders, a payout; then serve (SERVE=0: not; PORT=8000)
	@$(RUN) deploy/standalone/demo.py

test: venv ## lint and the standalone suite; the Saleor suite too when a Saleor is known
	@$(RUN) deploy/tools/run_tests.py

lint: venv ## formatting, types, import rules, migrations
	@$(RUN) deploy/tools/run_tests.py lint

test-saleor: venv ## the suite inside a real Saleor (SALEOR_PYTHON or ~/.config/ovop/saleor-python)
	@$(RUN) deploy/saleor/suite.py

shop: venv ## api, worker and beat of a real Saleor with the plugins
	@$(RUN) deploy/saleor/shop.py

record: venv ## record order snapshots on a real Saleor for the demo and the tests
	@$(RUN) deploy/saleor/record.py

bench: venv ## measure, as ratios to a peer in the same run
	@$(RUN) -m tests.benchmarks
