# `make demo` and `make test` need nothing but Python >= 3.10 and make.
PYTHON ?= python3
BIN := .venv/bin
JOBS ?= 2
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist=worksteal --durations=20

BROWSER = command -v chromium || command -v chromium-browser || command -v google-chrome
AS_ROOT = $$(test $$(id -u) = 0 || echo sudo)
INSTALL = $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends

.PHONY: demo docs test test-all test-peers soak lint format clean

.venv/installed: setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "slimnets needs Python >= 3.10")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

.venv/installed-test-all: .venv/installed-test
	$(BIN)/pip install --quiet --editable '.[test,browser,litert,metadata,onnx,openvino,parquet,picture,tfds]'
	$(BROWSER) || { $(AS_ROOT) apt-get update && $(INSTALL) chromium; }
	$(BROWSER)
	touch $@

.venv-peers/installed: tests/weights/torch/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --requirement $<
	touch $@

demo: .venv/installed
	$(BIN)/python -m train.train_image_classifier --model=alexnet_v2 --train_dir=runs/demo
	$(BIN)/python -m eval.eval_image_classifier --checkpoint_path=runs/demo

test: .venv/installed-test lint
	$(PYTEST)

# What docs/reliability.md promises, at length: half an hour.
soak: .venv/installed-test
	$(BIN)/python -m tests.soak.kills --kills=100
	$(BIN)/python -m tests.soak.worker_kills --kills=20
	$(BIN)/python -m tests.soak.memory --steps=20000
	$(BIN)/python -m tests.soak.fuzz --inputs=100000

test-all: .venv/installed-test-all
	$(PYTEST) -m slow

# torchvision and timm, in an environment of their own: 5.5 GB, which CI leaves out.
test-peers: .venv/installed-test .venv-peers/installed
	PEERS_PYTHON=$(CURDIR)/.venv-peers/bin/python $(PYTEST) -m peers

docs: .venv/installed-test
	$(BIN)/python -m benchmarks.flags_page

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-peers runs build *.egg-info
