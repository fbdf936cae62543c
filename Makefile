# Everything that a fresh machine needs: python3 (3.10 or newer) and this folder.
#
#   make demo      one sentence becomes out/piano.wav
#   make test      every test; make check: style, types and the fast tests
#   make bench     rewrites benchmarks/RESULTS.md
#
# On Linux without a GPU, `make demo TORCH_INDEX=URL` (the address of PyTorch's CPU index) fetches the
# small CPU build of torch instead of the CUDA one.

PYTHON ?= python3
BIN := .venv/bin
TORCH_INDEX ?=
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt \
	$(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
PROMPT ?= 舒缓的钢琴独奏,15 秒
SEED ?= 1

export PYTHONUTF8 = 1

.PHONY: demo test check bench install dev clean

demo: install
	@mkdir -p out
	$(BIN)/audiogen make "$(PROMPT)" --seed $(SEED) --keep-structure --force -o out/piano.wav
	@echo
	@echo "out/piano.wav   15 s of stereo piano (24-bit, 44.1 kHz); out/piano.mid holds its notes."
	@echo "Listen for: a calm pace and a soft touch, strings that ring on under the pedal and die away,"
	@echo "            low notes left and high notes right of you, and an ending instead of a cut."
	@echo "Try next:   $(BIN)/audiogen make \"stormy piano in D minor, 20 s\""
	@echo "            $(BIN)/audiogen info out/piano.wav"

test: dev
	$(BIN)/python -m pytest -q

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m "not slow and not weights and not gpu"

bench: dev
	$(BIN)/python -m benchmarks

install: .venv/installed

dev: .venv/installed-dev

# torch is pinned in the same command as everything else, so that no dependency moves it.
.venv/installed: pyproject.toml constraints.txt
	@echo "Setting up .venv (torch is most of it; once, a few minutes) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) torch -e .
	@touch $@

.venv/installed-dev: .venv/installed
	$(PIP) torch -e '.[dev]'
	@touch $@

clean:
	rm -rf out .pytest_cache .mypy_cache .ruff_cache *.egg-info
	find audiogen tests -name __pycache__ -type d -prune -exec rm -rf {} +
