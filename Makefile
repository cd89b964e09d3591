# Every line is a command a person could type; `make -n train` prints them.
PYTHON ?= python3
BIN = .venv/bin
WORKDIR ?= runs/movielens-100k
CONFIG ?= configs/movielens_100k.toml
COMPARISON ?= configs/compare_quick.toml

.PHONY: train compare test unit lowest fuzz lint docs lock wheel bench quality clean

train: .venv/run
	$(BIN)/python -m pipelines.prepare --dataset=movielens-100k
	$(BIN)/python -m pipelines.train --config=$(CONFIG) --workdir=$(WORKDIR)

compare: .venv/run
	$(BIN)/python -m pipelines.prepare --dataset=movielens-100k
	$(BIN)/python -m pipelines.compare --config=$(COMPARISON) --workdir=runs/$(basename $(notdir $(COMPARISON)))

# A file of tests in one process, since its tests share what they prepare; tests/conftest.py puts
# those first that take long.
TWO = --numprocesses=2 --dist=loadfile --no-loadscope-reorder
test: lint .venv/test
	$(BIN)/python -m pytest $(TWO) --durations=15

# Without what trains, compiles, exports, fuzzes or starts a program.
unit: .venv/test
	$(BIN)/python -m pytest $(TWO) -m "not slow and not runs"

lowest: .venv/lowest/ready
	.venv/lowest/bin/python -m pytest -m "not slow"

# Other hostile input than the tests see each time; FUZZ_SEED tells which.
FUZZ_SEED ?= $(shell date +%s)
fuzz: .venv/test
	FUZZ_SEED=$(FUZZ_SEED) $(BIN)/python -m pytest --numprocesses=2 $(shell find tests -name "test_fuzz_*.py")

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

# docs/ as a site, in site/. Nothing is fetched.
docs: .venv/test
	$(BIN)/python -m mkdocs build --strict

# After a change of what pyproject.toml asks for.
lock: .venv/test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	echo '# What pyproject.toml, to train and to compare, came to, with the hash of every file; Linux on x86-64, Python 3.11 to 3.13. Made by `make lock`.' > requirements-lock.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --extra compare pyproject.toml >> requirements-lock.txt

wheel: .venv/test
	$(BIN)/python -m hatchling build -d dist

# All of it, whether or not a goal is missed.
bench: .venv/test .venv/peers/ready
	$(BIN)/python -m pipelines.prepare --dataset=movielens-100k
	-$(BIN)/python -m benchmarks.step_cost
	-GLIBC_TUNABLES=glibc.malloc.hugetlb=1 $(BIN)/python -m benchmarks.step_cost --part=sparse
	-$(BIN)/python -m benchmarks.step_cost --part=model --config=configs/divergence_clippy.toml
	-$(BIN)/python -m benchmarks.speed
	-$(BIN)/python -m benchmarks.start_up
	-$(BIN)/python -m benchmarks.streaming
	-$(BIN)/python -m benchmarks.preparation --rows=25000000
	-$(BIN)/python -m benchmarks.grid_speed

quality: .venv/test
	$(BIN)/python -m pipelines.prepare --dataset=movielens-100k
	$(BIN)/python -m pipelines.prepare --dataset=movielens-100k --past=train --output=data/movielens-100k-past-train
	$(BIN)/python -m benchmarks.quality --config=configs/movielens_100k.toml
	$(BIN)/python -m benchmarks.quality --config=configs/movielens_100k_past_train.toml

.venv/run: requirements-lock.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-lock.txt
	touch $@

# The lowest versions that pyproject.toml claims, in an environment of their own.
LOWEST = import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	extras = project["optional-dependencies"]; \
	wanted = [*project["dependencies"], *extras["train"], *extras["compare"]]; \
	print(*(w.split(",")[0].replace(">=", "==") for w in wanted if ">=" in w), sep="\n")
.venv/lowest/ready: pyproject.toml
	$(PYTHON) -m venv .venv/lowest
	$(PYTHON) -c '$(LOWEST)' > .venv/lowest/constraints.txt
	.venv/lowest/bin/python -m pip install --quiet --disable-pip-version-check --constraint .venv/lowest/constraints.txt --requirement requirements-dev.txt
	touch $@

.venv/test: .venv/run pyproject.toml requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@

.venv/peers/ready: benchmarks/peers/requirements.txt
	$(PYTHON) -m venv .venv/peers
	.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers/requirements.txt
	.venv/peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps nextrec==0.6.14
	touch $@

# What tests hold methods against; those that need it are skipped without.
.venv/oracles/ready: tests/objective/aggregate/requirements.txt
	$(PYTHON) -m venv .venv/oracles
	.venv/oracles/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/objective/aggregate/requirements.txt
	touch $@

clean:
	rm -rf .venv runs site
