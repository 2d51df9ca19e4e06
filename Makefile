# Every target makes the environment that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo play test lint types contracts check bench pictures clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

$(VENV)/.runtime: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(PIP) --editable '.[dev]'
	@# Without what it asks for: the torchvision of another build than torch's breaks transformers.
	@$(PIP) --no-deps spandrel einops opencv-python-headless
	@touch $@

demo: $(VENV)/.runtime ## Paint a few pictures with the sample model into demo/
	@$(BIN)/easel imagine "a red circle on a blue background" --seed 1 --output demo
	@$(BIN)/easel imagine "a yellow star on a purple background" --seed 2 --output demo
	@$(BIN)/easel imagine "two green squares on a white background" --seed 3 --output demo
	@$(BIN)/easel imagine "a white heart on a black background" --seed 4 --count 4 --output demo
	@echo "The pictures are in demo/. More: $(BIN)/easel imagine --help"

play: $(VENV)/.runtime ## Try the bot in a browser: no account, no token, no GPU
	@$(BIN)/easel play --open

test: $(VENV)/.dev ## Run the tests
	@$(BIN)/python -m pytest -n logical --maxprocesses 8 --dist worksteal

lint: $(VENV)/.dev ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.dev ## Check types
	@$(BIN)/mypy

contracts: $(VENV)/.dev ## Check which package may import which
	@$(BIN)/lint-imports

check: test lint types contracts ## All of the above

bench: $(VENV)/.dev ## Measure against plain diffusers, in one run
	@$(BIN)/python -m benchmarks $(BENCH)

pictures: $(VENV)/.dev ## Take the pictures of docs/images/commands and the film of the README anew
	@EASEL_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/page/test_every_command.py tests/page/test_film.py $(if $(ONLY),-k "$(ONLY)")

clean: ## Remove what the targets made
	rm -rf $(VENV) demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
