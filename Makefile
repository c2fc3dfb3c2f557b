# Everything runs in .venv, which is made on first use. No target needs more than
# Python 3.11 to 3.13, make and the package registry.

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
TESTS ?=
ARGS ?=

.PHONY: help run test check fix rehearsal bench soak fuzz nightly room generated wheel wheel-check lock clean
.PHONY: check-format check-lint check-types check-layers check-rules check-generated

help:
	@echo "make run          start the server and print the URL to open"
	@echo "make test         run every test (TESTS='-k name' passes arguments to pytest)"
	@echo "make check        format, lint, types, layers, own rules, generated files"
	@echo "make fix          format and mend what the linter can mend"
	@echo "make bench        benchmarks, one JSON line each (BENCH=name for one)"
	@echo "make rehearsal    ten minutes of Pure Data, liblo and a faked Live (ARGS='--minutes 1')"
	@echo "make soak         hold 10,000 WebSocket connections (ARGS='--minutes 60')"
	@echo "make fuzz         let Hypothesis attack the decoders for longer"
	@echo "make nightly      every test at random, thousands of simulated rooms, ten thousand faults"
	@echo "make room         people on a bad network, to watch (ARGS='--minutes 1')"
	@echo "make generated    write generated files anew"
	@echo "make wheel        build dist/*.whl; make wheel-check tries it in a clean place"
	@echo "make lock         lock dependencies (ARGS=--upgrade for newer ones)"

run: $(STAMPS)/project $(STAMPS)/voice
	@exec $(BIN)/musearoo serve $(ARGS)

test: $(STAMPS)/project $(STAMPS)/dev
	@$(BIN)/python tools/run_tests.py $(TESTS)

check: $(STAMPS)/project $(STAMPS)/dev
	@$(MAKE) --no-print-directory --keep-going check-format check-lint check-types \
	  check-layers check-rules check-generated

check-format:
	@$(BIN)/ruff format --check .

check-lint:
	@$(BIN)/ruff check --quiet --output-format concise .

check-types:
	@$(BIN)/mypy

check-layers:
	@$(BIN)/lint-imports --no-logo

check-rules:
	@$(BIN)/python -m tools.lint

check-generated:
	@$(BIN)/python -m tools.drift

fix: $(STAMPS)/dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

rehearsal: $(STAMPS)/project $(STAMPS)/dev
	@PYTHONPATH=. $(BIN)/python benchmarks/rehearse_osc.py $(ARGS)

bench: $(STAMPS)/project $(STAMPS)/dev
	@set -e; for file in benchmarks/$(or $(BENCH),bench_*).py; do \
	  PYTHONPATH=. $(BIN)/python "$$file" $(ARGS); done

soak: $(STAMPS)/project $(STAMPS)/dev
	@PYTHONPATH=. $(BIN)/python benchmarks/soak_ws.py $(ARGS)

fuzz: $(STAMPS)/project $(STAMPS)/dev
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/pytest tests/fuzz -n auto $(TESTS)

nightly: $(STAMPS)/project $(STAMPS)/dev
	@HYPOTHESIS_PROFILE=nightly PYTHONHASHSEED=random $(BIN)/python tools/run_tests.py \
	  -o faulthandler_timeout=3600 --randomly-seed=$$(date +%s) $(TESTS)
	@SIM_SEEDS=$(or $(SEEDS),5000) WS_FAULTS=$(or $(FAULTS),10000) $(BIN)/pytest -n 2 \
	  --dist loadfile -o faulthandler_timeout=3600 tests/sim tests/fault/test_ws_network.py $(TESTS)

room: $(STAMPS)/project $(STAMPS)/dev
	@$(BIN)/python -m tests.fault.room $(ARGS)

generated: $(STAMPS)/project $(STAMPS)/dev
	@$(BIN)/python -m tools.drift --write

wheel: $(STAMPS)/dev
	@rm -rf dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist .

wheel-check: wheel
	@tools/try_wheel.sh dist/*.whl

lock: $(BIN)/python
	@test -x $(BIN)/uv || $(PIP) uv
	@tools/lock.sh $(ARGS)

clean:
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@tools/make_venv.sh $(VENV)

$(STAMPS)/runtime: requirements/build.txt requirements/runtime.txt | $(BIN)/python
	@echo "Installing what the server needs into $(VENV), once ..."
	@$(PIP) --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@mkdir -p $(STAMPS) && touch $@

# Speech is recognised by a package with compiled parts, which not every system has a wheel of.
$(STAMPS)/voice: requirements/voice.txt $(STAMPS)/runtime
	@$(PIP) --only-binary :all: --require-hashes -r requirements/voice.txt \
	  || echo "Recorded commands will not be recognised here: pocketsphinx could not be installed."
	@touch $@

$(STAMPS)/dev: requirements/dev.txt | $(BIN)/python
	@echo "Installing what checks and tests need into $(VENV), once ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/runtime
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@
