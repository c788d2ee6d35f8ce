# A report that runs: `make report` turns the scripts in analysis/ into reports/<name>/. `make help` lists the rest.
#
# The rules of a report are src/onepage/onepage.mk, as in every project of onepage; here is what is this project's own:
# its corpora, its tests, and the set-up of its environment.

CORPUS   ?= espeak
TORCH    ?=
COVERAGE ?=
SHORT    ?=
PYTHON   ?=

CORPORA  := espeak|DIR
PROFILES := full|quick|thorough
GOALS    := pictures bench

# The set-up is keyed on what it is made from: a new lock, TORCH or command of ours is a new stamp, and brings .venv up
# to date.
ifeq ($(PYTHON),)
PY    := .venv/bin/python
READY := .venv/ready-$(firstword $(shell (cat requirements.lock; sed -n '/^\[project/,/^\[tool/p' pyproject.toml src/onepage/pyproject.toml; \
           echo '$(TORCH)') | cksum))
else
PY    := $(PYTHON)
READY :=
endif

export PYTHONPATH := $(CURDIR)/src
include src/onepage/onepage.mk

.PHONY: test test-long pictures bench

help::
	@echo '  PYTHON=python  that environment instead of .venv      TORCH=...  another torch build for the set-up'
	@echo '  COVERAGE=yes  with test: says which lines it ran'

COVER := $(if $(COVERAGE),--cov --cov-report=term:skip-covered --cov-report=html)

# One worker more than there are cores: tests wait for processes of their own much of the time.
CLEAN  := MAKEFLAGS= MFLAGS= MAKELEVEL=
PYTEST  = $(PY) -m pytest -n $$(($(JOBS) + 1)) --dist loadfile --no-loadscope-reorder $(COVER)

test: $(READY) ## run the test suite (T="..." for pytest's own arguments)
	@$(CLEAN) $(PYTEST) -m "not long" $(T)

test-long: $(READY) ## the test suite and what takes long: every fault, many more inputs by chance (an hour)
	@$(CLEAN) TRIES=$${TRIES-20} $(PY) tests/support/tally.py $(if $(T),part,whole) $(PYTEST) --timeout 3600 $(T)

pictures: report ## the README's picture of the page, from the built report
	@$(PY) docs/pictures.py reports/$(NAME)

bench: report ## run the benchmarks, which train networks, and make their page (SHORT=yes: only to see that they run)
	@for file in benchmarks/bench_*.py; do echo "$$file"; $(CLEAN) $(PY) $$file $(if $(SHORT),--short) || exit 1; done
	@$(CLEAN) $(MAKE) --no-print-directory -C benchmarks/page report PYTHON="$(abspath $(PY))" REPORT=bench \
	  CORPUS= PROFILE=full STORE= P= LAUNCH=

# --- set-up ----------------------------------------------------------------------------------------------------------

TORCH_PIN = $(shell sed -n 's/^torch==//p' requirements.lock)
PIP       = .venv/bin/python -m pip --disable-pip-version-check -qq install

$(READY): requirements.lock
	@for python in python3.13 python3.12 python3.11 python3 python; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; python=; done; \
	test -n "$$python" || { echo "set-up: Python 3.11 or newer is needed, and none was found" >&2; exit 1; }; \
	echo "Setting up .venv (once; about two minutes)"; $$python -m venv .venv
	@$(if $(TORCH),$(PIP) $(TORCH),$(if $(filter Darwin,$(shell uname -s)),$(PIP) torch==$(TORCH_PIN), \
	  $(PIP) torch==$(TORCH_PIN)+cpu 2>/dev/null || \
	  $(PIP) --index-url https://download.pytorch.org/whl/cpu torch==$(TORCH_PIN) 2>/dev/null || \
	  $(PIP) torch==$(TORCH_PIN)))
	@grep -v '^torch==' requirements.lock > .venv/others.lock && $(PIP) -r .venv/others.lock
	@$(PIP) -e src/onepage -e . --no-deps --no-build-isolation
	@.venv/bin/python -m ipykernel install --sys-prefix >/dev/null # so that stock jupytext finds this interpreter
	@rm -f .venv/ready-* && touch $@
