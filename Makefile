# make demo: run the example sweep and print its table.  make test: the tests.  make check: lint, types, layers.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check audit chaos lock clean
.DELETE_ON_ERROR:

demo: .venv/ready
	$(BIN)/sweeper run sweeps/bert_lr.toml --workers 4
	$(BIN)/sweeper report bert_lr --metric accuracy

test: .venv/ready
	$(BIN)/pytest

# Kills, faults and odd input at full size, for about half an hour; writes the figures of docs/explanation/reliability.md.
chaos: .venv/ready
	$(BIN)/python -m tests.chaos

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q -n 0 tests/test_layers.py tests/test_supply.py

# Known vulnerabilities of what is locked, where their data can be had.
audit: .venv/ready
	$(BIN)/python .ci/audit.py

# Everything is pinned by hash; the project itself is installed in place, with the build backend from the same lock.
.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sweeper needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Needs uv. The lock holds versions and hashes, and no address of an index.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv build dist
