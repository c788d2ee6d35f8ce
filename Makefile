# A report that runs: `make report` turns the scripts in analysis/ into reports/<name>/. `make help` lists the rest.
#
# Make owns order, parallelism and what is out of date. The rules themselves are written by `onepage plan` into
# build/<name>/plan.mk, which is brought up to date before anything else (see "rules" below).

CORPUS  ?= espeak
PROFILE ?= full
DEVICE  ?= auto
REPORT  ?=
STORE   ?=
P       ?=
LAUNCH  ?=
TORCH   ?=
PYTHON  ?=

ifneq ($(words $(CORPUS)),1)
$(error CORPUS="$(CORPUS)": Make cannot handle a path with spaces; make a link to that folder and name the link)
endif
NAME  := $(or $(REPORT),$(notdir $(patsubst %/,%,$(CORPUS)))-$(PROFILE))
# What Make would take for something else than a name; `onepage plan` is stricter.
HASH  := \#
ifneq ($(words $(NAME))$(strip $(foreach c,/ \ % : = ~ * ? [ ] { } ( ) < > ! | & ; " ' ` $$ $(HASH),$(findstring $c,$(NAME)))),1)
$(error REPORT=$(NAME): this cannot name a report; choose letters, digits and . _ + - with REPORT=)
endif
BUILD := build/$(NAME)

# Without -j, all cores are used: each execution keeps to one thread. A -j on the command line wins over this one.
JOBS := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

# The set-up is keyed on what it is made from: a new lock, TORCH or command of ours is a new stamp, and brings .venv up
# to date.
ifeq ($(PYTHON),)
PY    := .venv/bin/python
READY := .venv/ready-$(firstword $(shell (cat requirements.lock; sed -n '/^\[project/,/^\[tool/p' pyproject.toml; \
           echo '$(TORCH)') | cksum))
else
PY    := $(PYTHON)
READY :=
endif

export PYTHONPATH := $(CURDIR)/src
export CORPUS PROFILE DEVICE REPORT STORE P LAUNCH NAME
ONEPAGE := $(PY) -P -m onepage
# ONEPAGE_MAKE ties the warm parent process to this make (see src/onepage/execute/warm.py); under LAUNCH there is none.
WARM    := $(if $(LAUNCH),ONEPAGE_WARM=no,ONEPAGE_MAKE=$$PPID)
# ONEPAGE_HOLD has `onepage plan` lock the report until this make ends. A preview has makes of its own that do.
HOLD    := $(if $(filter-out preview why map,$(MAKECMDGOALS)),ONEPAGE_HOLD=$$PPID)
RUN      = $(WARM) $(LAUNCH) $(ONEPAGE) run --plan $(BUILD)/plan.json
PAGE     = $(WARM) $(ONEPAGE) page --plan $(BUILD)/plan.json && \
             cp $(BUILD)/page.json $(BUILD)/page.shown.json && touch $(BUILD)/built

.DEFAULT_GOAL := help
.PHONY: help report preview test check why map verify compare submission bench pictures clean FORCE

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  CORPUS=espeak|DIR  PROFILE=full|quick|thorough  DEVICE=auto|cpu|cuda  -jN     what to build'
	@echo '  P="epochs=3 seed=1"  parameters, strictly checked      REPORT=NAME  another folder under reports/'
	@echo '  STORE=DIR  a store of results to share                LAUNCH="srun ..."  put before every execution'
	@echo '  PYTHON=python  that environment instead of .venv      TORCH=...  another torch build for the set-up'

report: reports/$(NAME)/manifest.json ## build what is out of date, and write reports/<name>/
	@test -e $(BUILD)/built && rm -f $(BUILD)/built || echo "reports/$(NAME)/ is up to date: nothing to do"

preview: $(READY) ## build, serve on loopback, and rebuild on every save
	@$(WARM) $(ONEPAGE) preview --plan $(BUILD)/plan.json

check: report ## hold the report against its brief and its claims
	@$(ONEPAGE) check --plan $(BUILD)/plan.json

why: $(READY) ## say what would run again, and because of what
	@$(ONEPAGE) why --plan $(BUILD)/plan.json

map: $(READY) ## what reads what, its state and how long it took
	@$(ONEPAGE) map --plan $(BUILD)/plan.json

verify: report ## build a second time elsewhere and compare every byte
	@MAKEFLAGS= MFLAGS= MAKELEVEL= $(ONEPAGE) verify --plan $(BUILD)/plan.json

submission: check ## check, then write group_<id>.zip
	@$(ONEPAGE) submission --plan $(BUILD)/plan.json

compare: $(READY) ## A=... B=...: what changed between two reports
	@$(ONEPAGE) compare "$(A)" "$(B)"

test: $(READY) ## run the whole test suite (T="..." for pytest's own arguments)
	@MAKEFLAGS= MFLAGS= MAKELEVEL= $(PY) -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(T)

pictures: report ## the README's picture of the page, from the built report
	@$(PY) docs/pictures.py reports/$(NAME)

bench: report ## run the benchmarks, which train networks
	@for file in benchmarks/bench_*.py; do echo "$$file"; MAKEFLAGS= MFLAGS= MAKELEVEL= $(PY) $$file || exit 1; done

clean: ## remove what can be made again, but for .venv
	@$(if $(PYTHON),$(ONEPAGE),$(or $(wildcard $(PY)),python3) -P -m onepage) clean

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
	@$(PIP) -e . --no-deps --no-build-isolation
	@.venv/bin/python -m ipykernel install --sys-prefix >/dev/null # so that stock jupytext finds this interpreter
	@rm -f .venv/ready-* && touch $@

# --- rules -----------------------------------------------------------------------------------------------------------
# Make remakes an included file before it does anything else, even under -n, and reads it again if it changed. `onepage
# plan` returns at once when nothing that it read has changed, so no prerequisites have to be kept in step here, and
# modules that come, go or change names need no care. A Make that has read the rules again need not ask again.

ifneq ($(filter report preview check why map verify submission pictures bench reports/%,$(MAKECMDGOALS)),)
include $(BUILD)/plan.mk
endif

$(BUILD)/plan.mk: $(if $(MAKE_RESTARTS),,FORCE) | $(READY)
	@$(HOLD) $(ONEPAGE) plan --report="$$NAME" --corpus="$$CORPUS" --profile="$$PROFILE" --device="$$DEVICE" \
	  --parameters="$$P" --store="$$STORE"

FORCE:
