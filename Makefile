# `make run` and `make test` do all their set-up from python3 (>= 3.11), make and a package index.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# A real Matrix homeserver and independent clients for the tests of chats, in an environment of their own: Synapse is
# AGPL-3.0, so it is only ever run as a process, and none of them is a dependency of ours.
SYNAPSE := .venv-synapse

# The summaries of simulated months: those that are there aren't played again.
MONTHS := build/faults

.PHONY: run test faults check format lock bench clean
run: $(READY)
	$(BIN)/doorstep demo

test: $(READY) $(SYNAPSE)/.ready
	$(BIN)/python -m pytest -n 2

# The tests that kill and disturb things, that count desk hours, play a week and let people race, at their full sizes.
faults: $(READY) $(SYNAPSE)/.ready
	DOORSTEP_FAULTS=full DOORSTEP_FIGURES=full DOORSTEP_HOURS=10000 DOORSTEP_ROUNDS=100 $(BIN)/python -m pytest \
	  tests/chat/test_faults.py tests/chat/test_gateway_faults.py tests/chat/test_attacks.py tests/customers/test_telling_property.py \
	  tests/domain/test_desk_hours.py tests/doorstep/test_month.py tests/doorstep/test_openapi.py tests/doorstep/test_simulate.py \
	  tests/doorstep/test_worker_kills.py tests/doorstep/test_sender_kills.py tests/figures tests/monitor/test_acts.py tests/monitor/test_storm.py
	DOORSTEP_ENGINE=postgres $(BIN)/python -m pytest tests/customers/test_telling.py tests/doorstep/test_api.py tests/doorstep/test_money_api.py \
	  tests/doorstep/test_push.py tests/intake tests/monitor tests/scheduler/test_pickups_end_to_end.py tests/scheduler/test_refund_instructions.py \
	  tests/web --ignore-glob='*browser.py' --ignore=tests/web/test_live.py
	mkdir -p $(MONTHS)
	seq 1 100 | xargs -P 2 -I SEED sh -c 'test -s $(MONTHS)/SEED/summary.json || $(BIN)/doorstep simulate --days 31 --parcels 500 \
	  --seed SEED --faults all --out $(MONTHS)/SEED 2>$(MONTHS)/SEED.log || test -s $(MONTHS)/SEED/summary.json'
	@! grep -L '"violations": \[\]' $(MONTHS)/*/summary.json | grep .

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY)
	$(BIN)/python -m bench

# Locked with hashes and no registry address, for every platform and Python that we support.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  pyproject.toml -o requirements.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra postgres -c requirements.txt pyproject.toml -o requirements-postgres.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra dev --extra fast --extra postgres --extra roads -c requirements.txt pyproject.toml -o requirements-dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  tests/chat/requirements-synapse.in -o tests/chat/requirements-synapse.txt

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Doorstep needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

$(SYNAPSE)/.ready: tests/chat/requirements-synapse.txt
	$(PYTHON) -m venv $(SYNAPSE)
	$(SYNAPSE)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r tests/chat/requirements-synapse.txt
	touch $@

clean:
	rm -rf $(VENV) $(SYNAPSE) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
