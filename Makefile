# `make run` and `make test` set up what they need on a fresh machine; see scripts/setup.sh.
.PHONY: help run gas fakeflickr test test-fast check bench drill drill-load venv lock clean
.DEFAULT_GOAL := help

python := .venv/bin/python
ready := .venv/.ready-run
ready_gas := .venv/.ready-gas
ready_fakeflickr := .venv/.ready-fakeflickr
ready_test := .venv/.ready-test

help:  ## Show what there is to make.
	@sed -n 's/^\([a-z-]*\):.*##/\1 /p' Makefile | awk '{name = $$1; $$1 = ""; printf "  make %-12s%s\n", name, $$0}'

run: $(ready)  ## Run WordFreq: 120 texts, live, until Ctrl-C. ONCE=1 ends when they are done.
	@exec $(python) apps/wordfreq/demo.py $(if $(filter-out 0,$(ONCE)),--once) $(if $(PORT),--port $(PORT))

gas: $(ready_gas)  ## Run GAS: accounts, archive, and payments to try; time passes SPEED=60 times faster.
	@exec $(python) apps/gas/demo.py $(if $(SPEED),--speed $(SPEED)) $(if $(PORT),--port $(PORT))

fakeflickr: $(ready_fakeflickr)  ## Run FakeFlickr: people, photos, renditions, several web servers.
	@exec $(python) apps/fakeflickr/demo.py $(if $(PORT),--port $(PORT))

test: $(ready_test) check  ## Check everything: style, types, tests, drills, browser tests.
	$(python) -m pytest -q -n 2 -m "not drill and not browser"
	$(python) -m pytest -q -n 2 -m "drill or browser"

test-fast: $(ready_test)  ## Run the tests without drills and browser.
	$(python) -m pytest -q -n 2 -m "not drill and not browser"

check: $(ready_test)  ## Check style and types.
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy
	$(python) -m mypy apps/gas  # by itself: every app has a module called app
	$(python) -m mypy apps/fakeflickr

drill-load: $(ready_fakeflickr)  ## 10,000 requests a minute to FakeFlickr for FOR=15m, a server killed on the way; the report.
	@exec $(python) -m billow.cli.main drill load apps/fakeflickr --rate $(or $(RATE),10000/min) --for $(or $(FOR),15m) \
		--visitors $(or $(VISITORS),1000) --kill-server $(if $(FLOOD),--flood $(FLOOD)) $(if $(SEED),--seed $(SEED)) \
		$(if $(REPORT),--report $(REPORT))

drill: $(ready_test)  ## Run the drills: real processes, killed and stopped at random.
	$(python) -m pytest -q -m drill

bench: $(ready_test)  ## Measure: words a second, and jobs a second beside other job queues.
	$(python) bench/words.py
	$(python) -m bench.jobs run

venv: $(ready_test)  ## Make .venv with all that developing needs.

lock: $(ready_test)  ## Write the lock files anew, with the newest versions allowed.
	sh scripts/lock.sh

clean:  ## Remove what was made, and all demo data.
	rm -rf .venv build dist var .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(ready): pyproject.toml requirements.lock scripts/setup.sh
	@sh scripts/setup.sh run

$(ready_gas): pyproject.toml requirements-gas.lock scripts/setup.sh
	@sh scripts/setup.sh gas

$(ready_fakeflickr): pyproject.toml requirements-fakeflickr.lock scripts/setup.sh
	@sh scripts/setup.sh fakeflickr

$(ready_test): pyproject.toml requirements-dev.lock scripts/setup.sh
	@sh scripts/setup.sh test
