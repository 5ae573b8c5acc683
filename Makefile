# `make demo` and `make test` set up what they need, once, in .venv.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
OCR := .venv/.ocr
RAY := .venv/.ray
SITE := .venv/.site
RELEASE := .venv/.release
comma := ,
SEEDS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup weights demo picture test test-all soak lint lint-pyright docs docs-mkdocs wheel sbom audit lowest test-lowest clean

help:  ## what there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: $(INSTALLED)  ## the virtual environment

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@# setuptools warns of every editable install whose package is no folder of the same name.
	PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --quiet --editable '.[bedrock,eval,frames,local,hub,langchain,mcp,office,otel,pdf,remote,review,serve,tables,testing,vertex]' --group dev
	@# mypy cannot follow an editable install's import hook: give it the package by name.
	mkdir -p .venv/src && ln -sfn "$(CURDIR)" .venv/src/slotfill
	@touch $@

$(OCR): $(INSTALLED)  # 350 MB, for a few tests
	PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --quiet --editable '.[ocr]'
	@touch $@

$(RAY): $(INSTALLED)  # 450 MB, likewise: what they are held against too
	PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --quiet --editable '.[ray]' --group clusters
	@touch $@

$(SITE): $(INSTALLED)  # what builds the site
	$(BIN)/python -m pip install --quiet --group docs
	@touch $@

$(RELEASE): $(INSTALLED)  # what checks a release
	$(BIN)/python -m pip install --quiet --group release
	@touch $@

weights: $(INSTALLED)  ## the embedded model, in the user's cache folder
	@$(BIN)/slotfill models pull

demo: weights  ## a review, an invoice and a note, what becomes of them and what it costs, with no key
	@SLOTFILL_BIN=$(BIN)/slotfill sh fixtures/demo.sh

picture: weights  ## the README's picture, docs/demo.svg: what `make demo` shows
	@$(BIN)/python docs/picture.py --record

# Bytecode is kept, whatever the environment says: some 1,000 processes that tests start would compile what they import.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadgroup

test: weights  ## the suite
	$(PYTEST) -m "not slow"

test-all: weights $(OCR) $(RAY) $(SITE)  ## what proves more and takes longer: kills, hostile folders, planted defects, the fault matrix
	$(PYTEST) -m slow

soak: $(INSTALLED)  ## properties at 20 times the examples; the whole fault matrix, SEEDS times (1), into docs/faults.md
	$(PYTEST) -m "hypothesis and not local" --hypothesis-profile soak --timeout 0
	$(BIN)/python benchmarks/soak.py $(SEEDS)

lint: $(INSTALLED)  ## lint, format, types, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	MYPYPATH=.venv/src $(BIN)/mypy -p slotfill.schemas -p slotfill.extractors -p slotfill.commands -p slotfill.distributed -p slotfill.passages -p slotfill.plugins -p slotfill.integrations -m slotfill -m slotfill.cli -m slotfill.__main__
	MYPYPATH=.venv/src $(BIN)/mypy tests/typing
	$(BIN)/lint-imports

docs: $(SITE)  ## the parts of docs/ that are made of the code, then the site, in site/: no network, and no warning passes
	$(BIN)/python docs/command_line.py
	$(BIN)/python docs/rooms.py
	$(BIN)/python docs/messages.py
	$(BIN)/python docs/badges.py
	$(BIN)/python docs/record_schema.py
	$(documented)
	$(BIN)/zensical build --strict --clean

docs-mkdocs: $(SITE)  ## the same site by mkdocs-material, in build/site: the configuration is for both
	$(documented)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir build/site

# The reference is read from a copy of what ships: from the checkout it would be searched for in .venv too, for minutes.
define documented
@rm -rf build/documented
@$(BIN)/python -c 'import setuptools; setuptools.setup()' --quiet build_py --build-lib build/documented
endef

# The time of the commit is that of every file: the same commit gives the same bytes, whoever builds it.
wheel: export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 315532800)
wheel: $(RELEASE)  ## the source distribution and the wheel, in dist, checked
	rm -rf dist
	umask 022; $(BIN)/python -m build --sdist --no-isolation --quiet
	$(BIN)/python .ci/same_bytes.py dist/*.tar.gz
	umask 022; $(BIN)/python -m pip wheel --quiet --no-deps --no-index --no-build-isolation --wheel-dir dist dist/*.tar.gz
	$(BIN)/twine check --strict dist/*
	$(BIN)/check-wheel-contents dist/*.whl
	@# tests/test_package.py checks every name; this is to see them, and that nothing but slotfill is installed.
	$(BIN)/python -m zipfile --list dist/*.whl
	! $(BIN)/python -m zipfile --list dist/*.whl | sed 1d | grep -v '^slotfill[-/]'

build/wheel/.installed: $(wildcard dist/*.whl)
	rm -rf build/wheel && $(PYTHON) -m venv build/wheel
	build/wheel/bin/python -m pip install --quiet dist/*.whl
	@touch $@

sbom: $(RELEASE) build/wheel/.installed  ## what an installed wheel consists of, as CycloneDX, in build/sbom.json
	$(BIN)/cyclonedx-py environment build/wheel/bin/python --output-reproducible --of JSON -o build/sbom.json

audit: $(RELEASE) build/wheel/.installed  ## whether one of these has a known weakness: asks a database by network
	@$(BIN)/python .ci/audit.py "$$(build/wheel/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

lint-pyright: $(RELEASE)  ## the public API as Pyright sees it
	$(BIN)/pyright

PARTS := bedrock,eval,frames,hub,langchain,local,mcp,office,otel,pdf,remote,review,serve,tables,testing,vertex

lowest: $(RELEASE)  ## .ci/lowest.txt anew: each direct dependency at its lowest bound, by uv
	$(BIN)/uv pip compile pyproject.toml $(foreach part,$(subst $(comma), ,$(PARTS)),--extra $(part)) --resolution lowest-direct \
		--python-version 3.11 --no-header --no-annotate --output-file .ci/lowest.txt

test-lowest:  ## the suite with each direct dependency at its lowest bound, in build/lowest
	$(PYTHON) -m venv build/lowest
	build/lowest/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	PYTHONWARNINGS='ignore:Editable installation' build/lowest/bin/python -m pip install --quiet --editable '.[$(PARTS)]' --group dev --constraint .ci/lowest.txt
	PYTHONDONTWRITEBYTECODE= build/lowest/bin/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadgroup -m "not slow and not local"

clean:  ## remove what was made here
	rm -rf .venv build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
