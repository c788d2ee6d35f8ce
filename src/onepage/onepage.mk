# The rules of every report, for a Makefile to include: `onepage rules` says where this file is. GNU Make 3.81 or newer.
#
# Make owns order, parallelism and what is out of date. The rules of one report are written by `onepage plan` into
# build/<name>/plan.mk, which is brought up to date before anything else (see "rules" below).
#
# A Makefile may set before it includes this file: PY (the Python that has onepage), READY (what makes it), CORPORA and
# PROFILES (for the help), GOALS (targets of its own that need a report's rules).

ONEPAGE_MK := $(lastword $(MAKEFILE_LIST))

CORPUS  ?=
PROFILE ?= full
DEVICE  ?= auto
REPORT  ?=
STORE   ?=
P       ?=
LAUNCH  ?=
PYTHON  ?=

ifneq ($(origin PY),file)
PY := $(or $(PYTHON),python3)
endif
ifneq ($(origin READY),file)
READY :=
endif
ifneq ($(word 2,$(CORPUS)),)
$(error CORPUS="$(CORPUS)": Make cannot handle a path with spaces; make a link to that folder and name the link)
endif
# Without a corpus, a report is called after its profile alone.
NAME  := $(or $(REPORT),$(if $(strip $(CORPUS)),$(notdir $(patsubst %/,%,$(CORPUS)))-)$(PROFILE))
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

export CORPUS PROFILE DEVICE REPORT STORE P LAUNCH NAME
ONEPAGE := $(PY) -P -m onepage
# ONEPAGE_MAKE ties the warm parent process to this make (see execute/warm.py); under LAUNCH there is none.
WARM    := ONEPAGE_MAKE=$$PPID$(if $(LAUNCH), ONEPAGE_WARM=no)
# ONEPAGE_HOLD has `onepage plan` lock the report until this make ends. A preview has makes of its own that do.
HOLD    := $(if $(filter-out preview why map,$(MAKECMDGOALS)),ONEPAGE_HOLD=$$PPID)
RUN      = $(WARM) $(ONEPAGE) run --plan $(BUILD)/plan.json $(if $(LAUNCH),--launch "$$LAUNCH")
PAGE     = $(WARM) $(ONEPAGE) page --plan $(BUILD)/plan.json && \
             cp $(BUILD)/page.json $(BUILD)/page.shown.json && touch $(BUILD)/built

.DEFAULT_GOAL := help
.PHONY: help report preview check why map verify submission compare clean FORCE

help:: ## list the targets
	@awk -F ':+.*## ' '/^clean:.*## / { last = $$2; next } /^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 } \
	  END { printf "  make %-11s %s\n", "clean", last }' $(ONEPAGE_MK) $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  CORPUS=$(or $(CORPORA),DIR)  PROFILE=$(or $(PROFILES),full)  DEVICE=auto|cpu|cuda  -jN     what to build'
	@echo '  P="epochs=3 seed=1"  parameters, strictly checked      REPORT=NAME  another folder under reports/'
	@echo '  STORE=DIR|s3://..  results to share                    LAUNCH="srun ..."  put before every execution'

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

clean: ## remove what can be made again, but for .venv
	@$(if $(READY),$(or $(wildcard $(PY)),python3),$(PY)) -P -m onepage clean

# --- rules -----------------------------------------------------------------------------------------------------------
# Make remakes an included file before it does anything else, even under -n, and reads it again if it changed. `onepage
# plan` returns at once when nothing that it read has changed, so no prerequisites have to be kept in step here, and
# modules that come, go or change names need no care. A Make that has read the rules again need not ask again.

ifneq ($(filter report preview check why map verify submission reports/% $(GOALS),$(MAKECMDGOALS)),)
ifneq ($(wildcard $(BUILD)/plan.mk/.),)
$(error $(BUILD)/plan.mk: is a folder, where a file is to be written; move it away)
endif
# Rules that came to harm would stop Make before they could be written again.
$(shell { cksum <$(BUILD)/plan.mk | cmp -s - $(BUILD)/plan.mk.cksum || rm -f $(BUILD)/plan.mk; } 2>/dev/null)
include $(BUILD)/plan.mk
endif

$(BUILD)/plan.mk: $(if $(MAKE_RESTARTS),,FORCE) | $(READY)
	@$(HOLD) $(ONEPAGE) plan --report="$$NAME" --corpus="$$CORPUS" --profile="$$PROFILE" --device="$$DEVICE" \
	  --parameters="$$P" --store="$$STORE"

FORCE:
