PYTHON ?= python3
BIN := .venv/bin

.PHONY: install fix check test fuzz kills bench study pictures

install:            ## a virtual environment with everything a developer needs
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'

fix:                ## format, and mend what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check:              ## what CI checks besides the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test:
	$(BIN)/python -m pytest -n auto --dist worksteal

FUZZ_SECONDS ?= 60

fuzz:               ## damage files of every kind, FUZZ_SECONDS for each reader, and run opis on them
	$(BIN)/python tests/fuzz/run.py --seconds $(FUZZ_SECONDS) --seed "$$(date +%s)"

kills:              ## end opis with 640 signals while it writes; no file may be damaged, twenty minutes or more
	$(BIN)/python tests/faults/kills.py 40

pictures:           ## draw the pictures of the README
	$(BIN)/python docs/make_pictures.py

bench:              ## measure, and write benchmarks/results/
	$(BIN)/python benchmarks/evaluate.py
	$(BIN)/python benchmarks/interval_coverage.py
	$(BIN)/python benchmarks/det_coverage.py
	$(BIN)/python benchmarks/paired_coverage.py
	$(BIN)/python benchmarks/noise_floor.py
	$(BIN)/python benchmarks/far_coverage.py
	$(BIN)/python benchmarks/training_speed.py
	$(BIN)/python benchmarks/sampling.py
	$(BIN)/python benchmarks/tables.py

OPIS_DATA ?= ../shared/data

study:              ## does TCM help? trains some 180 heads on the sets in OPIS_DATA, ten minutes or more
	$(BIN)/python benchmarks/tcm_study/study.py $(OPIS_DATA)
	$(BIN)/python benchmarks/tcm_study/defaults.py $(OPIS_DATA)
	$(BIN)/python benchmarks/tcm_study/tables.py
