# Everything that a fresh machine needs: python3 (3.10 or newer) and this folder.
#
#   make demo      one sentence becomes out/piano.wav
#   make demos     what else it does, each by name: demo-ambience, demo-loop, demo-ar,
#                  demo-wavenet, demo-diffusion, demo-fusion, demo-flow, demo-batch, demo-compare,
#                  demo-digit, demo-cat, demo-edit, demo-generators
#   make listen-demo  a blind test of our piano against its ablations, in your browser
#   make test      every test; make check: style, types and the fast tests
#   make wheel-test  the wheel in an empty environment outside this folder: a sound and a picture (fetches packages)
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

MAKE_IT := $(BIN)/audiogen make --force --mkdir --seed $(SEED)
GARDEN ?= rain and birdsong, 10 s

.PHONY: demo demos test check wheel-test bench install dev clean
.PHONY: demo-ambience demo-loop demo-ar demo-wavenet demo-diffusion demo-fusion demo-flow demo-batch demo-compare
.PHONY: listen-demo demo-digit demo-cat demo-edit demo-generators

demo: install
	@mkdir -p out
	$(BIN)/audiogen make "$(PROMPT)" --seed $(SEED) --keep-structure --force -o out/piano.wav
	@echo
	@echo "out/piano.wav   15 s of stereo piano (24-bit, 44.1 kHz); out/piano.mid holds its notes."
	@echo "Listen for: a calm pace and a soft touch, strings that ring on under the pedal and die away,"
	@echo "            low notes left and high notes right of you, and an ending instead of a cut."
	@echo "Try next:   $(BIN)/audiogen make \"stormy piano in D minor, 20 s\""
	@echo "            $(BIN)/audiogen info out/piano.wav"

demos: demo-ambience demo-loop demo-ar demo-wavenet demo-diffusion demo-fusion demo-flow demo-batch \
	demo-digit demo-cat demo-edit demo-generators

# Words to weather: autoregressive coarse mel, flow decoder, vocoder.
demo-ambience: install
	$(MAKE_IT) "$(GARDEN)" --show-steps --keep-structure -o out/garden.wav
	@echo "Listen for: steady rain all around you, and birds above it: warbles and trills more than crisp calls."
	@echo "Look at:    out/garden.steps.png, the mel as the decoder saw it after each step, from haze to detail."
	@echo "Try next:   $(BIN)/audiogen decode out/garden.npz --decoder-seed 5 -o out/garden-again.wav"

# The end goes over into the beginning; a sequencer finds the loop mark in the file.
demo-loop: install
	$(MAKE_IT) "ocean waves, 12 s" --loop -o out/waves-loop.wav
	@echo "Listen for: play it on repeat; no click, no dip and no jump where it begins again."

# Pure autoregression: every note of a piece one after the other; --structure mel does the same for any sound.
demo-ar: install
	$(BIN)/audiogen structure "a slow waltz in D minor, 20 s" --force --mkdir --seed $(SEED) -o out/ar.mid
	$(BIN)/audiogen decode out/ar.mid --force --seed $(SEED) -o out/ar.wav
	@echo "Listen for: three beats to the bar, a melody over low basses, and an ending. out/ar.mid is what the"
	@echo "            autoregressive stage wrote; the decoder only plays it."

# WaveNet alone, note by note and then sample by sample; and the same piece refined by the flow decoder.
demo-wavenet: install
	$(MAKE_IT) "calm piano, 10 s" --structure wavenet --decoder none -o out/wavenet.wav
	$(MAKE_IT) "calm piano, 10 s" --structure wavenet -o out/wavenet-fusion.wav
	@echo "Listen for: chords and single notes that ring and die away; dry, and dull above 8 kHz, for it writes"
	@echo "            16,000 samples a second. out/wavenet-fusion.wav is the same piece in stereo, in a room."

# Pure diffusion: no structure at all, noise becomes a mel under the words alone.
demo-diffusion: install
	$(MAKE_IT) "$(GARDEN)" --structure none --decoder diffusion --show-steps -o out/diffusion.wav
	@echo "Listen for: rain without a plan over time. Without a coarse mel there is hardly a bird in it."
	@echo "Look at:    out/diffusion.steps.png; the last steps add the finest detail."

# Fusion: autoregression fixes the form, diffusion fills in the detail.
demo-fusion: install
	$(MAKE_IT) "$(GARDEN)" --structure mel --decoder diffusion --keep-structure -o out/fusion.wav
	@echo "Listen for: against out/diffusion.wav, birds that come and go: the coarse mel in"
	@echo "            out/fusion.npz says when, the diffusion says how it sounds."

# The same piece as demo-fusion, decoded by flow matching instead of diffusion.
demo-flow: install
	$(MAKE_IT) "$(GARDEN)" --structure mel --decoder flow -o out/flow.wav
	@echo "Listen for: the same calls at the same places as in out/fusion.wav (same seed, same coarse mel), with"
	@echo "            detail of its own, in fewer steps."

# Three sounds from three lines of text, networks loaded once.
demo-batch: install
	@mkdir -p out
	@printf '%s\n' "heavy rain, 8 s" "waves by the sea, 8 s" "舒缓的钢琴,8 秒" > out/batch.txt
	$(BIN)/audiogen make out/batch.txt --force --mkdir --seed $(SEED) -o "out/batch/{job:02}-{slug}.wav"
	@echo "Listen for: rain, surf and a piano, each by its line of out/batch.txt."

# Flow and diffusion on the same structures and seeds: a table, plots and the sounds.
demo-compare: dev
	$(BIN)/audiogen compare --structures stage -n 4 --seeds 2 --steps 2,8 --force -o out/compare
	@echo "Look at:    out/compare: the table says what each costs and how near to real recordings it comes."

# A blind test of our piano against its ablations: the same notes with one step of the decoder, without the
# decoder, and through another vocoder. LISTEN: options of `audiogen listen`, such as --share or --kind rank.
LISTEN ?=
listen-demo: install
	@for seed in 1 2 3; do \
	  make_it() { $(BIN)/audiogen make "calm piano, 8 s" --structure wavenet --seed $$seed --skip-existing --mkdir "$$@"; }; \
	  make_it -o out/listen/ours/piece-$$seed.wav && \
	  make_it -o out/listen/one-step/piece-$$seed.wav --steps 1 && \
	  make_it -o out/listen/wavenet/piece-$$seed.wav --decoder none || exit 1; done
	$(BIN)/python samples/griffin_lim.py out/listen/ours out/listen/griffin-lim
	@echo "Listen for: hiss and smeared onsets (one-step), a dull mono (wavenet), a metallic sound (griffin-lim)."
	$(BIN)/audiogen listen out/listen/ours out/listen/one-step out/listen/wavenet out/listen/griffin-lim \
	  --answers out/listen/answers.jsonl $(LISTEN)

# A digit: autoregression draws the contour, flow matching paints it along that.
demo-digit: install
	$(MAKE_IT) "水彩风格的数字 7" --keep-structure --show-steps -o out/seven.png
	$(MAKE_IT) "油画风格的数字 3" -n 3 -o out/three.png
	@echo "Look at:    out/seven.contour.png, what PixelCNN drew, 28x28; out/seven.png, the same painted, and its"
	@echo "            steps; out/three-sheet.png, three threes in oil."
	@echo "Try next:   edit out/seven.contour.png in any paint program, then"
	@echo "            $(BIN)/audiogen decode out/seven.contour.png \"pencil sketch\" -o out/mine.png"

# A picture from words alone.
demo-cat: install
	$(MAKE_IT) "a cartoon cat, big eyes" -n 3 -o out/cat.png
	$(MAKE_IT) "a watercolor cat" -o out/cat-watercolor.png
	@echo "Look at:    out/cat-sheet.png, three cartoon cats; out/cat-watercolor.png."

# The cat again: a little otherwise, and in another manner.
demo-edit: demo-cat
	$(MAKE_IT) "a cartoon cat, big eyes" --variation 0.4 -n 3 -o out/cat-varied.png
	$(MAKE_IT) "a cat in pencil" --init out/cat-1.png --strength 0.7 -o out/cat-pencil.png
	@echo "Look at:    out/cat-varied-sheet.png; out/cat-pencil.png, out/cat-1.png drawn over in pencil."

# The same digit from every generator.
demo-generators: install
	@for stage in pixelcnn pixelcnn-64 dcgan wgan-gp cgan vae ddpm; do \
	  $(BIN)/audiogen structure "digit 7" --structure $$stage -n 9 --force --mkdir --seed $(SEED) -o out/digits/$$stage.png; done
	@echo "Look at:    out/digits/*-sheet.png; dcgan cannot be told which digit."

# A process for each core, up to four; files stay whole, for what their tests share.
test: dev
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 --dist loadfile

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m "not slow and not weights and not gpu"

# Built from a copy, so that nothing left over in build/ gets into it, and used far from the sources.
wheel-test:
	@set -e; folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	mkdir "$$folder/source"; cp -r pyproject.toml README.md constraints.txt audiogen "$$folder/source"; cd "$$folder"; \
	$(PYTHON) -m venv env; pip="env/bin/python -m pip --disable-pip-version-check"; \
	$$pip wheel -q --no-deps -w . source/; \
	$$pip install -q -c source/constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) ./*.whl; \
	rm -r source; \
	env/bin/audiogen make "calm piano with rain, 2 s" --seed 1 -o piano.wav; \
	env/bin/audiogen make "a cartoon cat" --seed 1 -o cat.png; \
	env/bin/audiogen info piano.wav > /dev/null; env/bin/audiogen again cat.png; cmp cat.png cat-again.png; \
	echo "the wheel makes a sound and a picture"

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
