# `make demo` and `make test` need nothing but Python >= 3.10 and make.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2

.PHONY: demo test lint format clean

.venv/installed: setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "slimnets needs Python >= 3.10")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

demo: .venv/installed
	$(BIN)/python -m train.train_image_classifier --model=alexnet_v2 --train_dir=runs/demo
	$(BIN)/python -m eval.eval_image_classifier --checkpoint_path=runs/demo

test: .venv/installed-test lint
	$(BIN)/python -m pytest -n $(JOBS)

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv runs build *.egg-info
