# Pitboss. `make help` lists what there is; every target sets up what it needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first that is new enough; 3.11 before others, because it is what the locks are tested with.
# Or name one: make PYTHON=/path/to/python3.11 demo
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3.14 python3; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
SETUP := $(PYTHON) -I mesh/tooling/setup.py
LOCKS := $(wildcard requirements/*.txt) mesh/tooling/setup.py

# A checkout that was moved or copied has an environment that points elsewhere: set up anew.
ifneq ($(shell head -n 1 $(VENV)/.ready-mesh 2>/dev/null),$(CURDIR))
$(VENV)/.ready-mesh: moved
endif
.PHONY: moved
moved: ;

# The other parts live inside the environment, and go with it.
$(VENV)/.ready-stubs $(VENV)/.ready-sdk-protobuf-5 $(VENV)/.ready-sdk-protobuf-6: $(VENV)/.ready-mesh

$(VENV)/.ready-%: $(LOCKS)
	@$(if $(PYTHON),,echo 'Python 3.11 or newer is needed.' >&2; exit 2;) $(SETUP) $*

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(VENV)/.ready-mesh ## install the locked environment into .venv
	@:

.PHONY: demo
demo: setup ## start the whole mesh, play through it, verify the books, stop (build/demo.json)
	@$(RUN) -m mesh.cli demo

.PHONY: up
up: setup ## start the mesh, which stays up: make up [PROVIDERS=all|name,name] (build/mesh.json)
	@$(RUN) -m mesh.cli up --detach $(if $(PROVIDERS),--providers $(PROVIDERS))

.PHONY: down
down: setup ## stop the mesh
	@$(RUN) -m mesh.cli down

.PHONY: status
status: setup ## one line per process of the mesh
	@$(RUN) -m mesh.cli status

.PHONY: test
test: check $(VENV)/.ready-sdk-protobuf-5 $(VENV)/.ready-sdk-protobuf-6 ## everything CI runs: the checks, then all tests
	@$(RUN) -m pytest $(ARGS)

.PHONY: check
check: setup $(VENV)/.ready-stubs ## format, lint, types, import rules, contracts, generated files, manifests
	@$(RUN) -m mesh.tooling.check

.PHONY: bench
bench: setup ## benchmarks as ratios of one run (build/bench.json)
	@$(RUN) -m mesh.tooling.available tests.bench $(ARGS)

.PHONY: bench-growth
bench-growth: setup ## the engine's rate with ROWS transfers stored over its rate with a million (build/bench-growth.json)
	@$(RUN) -m mesh.tooling.available tests.bench.growth --rows $(or $(ROWS),20000000) $(ARGS)

.PHONY: conformance
conformance: setup ## the numbered provider and wallet scenarios (build/conformance.json)
	@$(RUN) -m mesh.tooling.available tests.conformance $(ARGS)

.PHONY: provider-fuzz
provider-fuzz: setup ## random sequences of a studio's messages against model and ledger: make provider-fuzz N=n SEED=s (build/provider_fuzz.json)
	@$(RUN) -m mesh.tooling.available tests.provider_fuzz $(if $(N),--sequences $(N)) $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: isolation
isolation: setup ## one studio hangs, one talks nonsense, one floods: what the others notice (build/isolation.json)
	@$(RUN) -m mesh.tooling.available tests.isolation $(ARGS)

.PHONY: corpus
corpus: setup ## run case files against the real services: make corpus FILES="..." (build/corpus.json)
	@$(RUN) -m mesh.tooling.available tests.corpus_runner $(FILES)

.PHONY: torture
torture: setup ## load, faults, kill -9, then the checker: make torture SECONDS=n SEED=s (build/torture.json)
	@$(RUN) -m mesh.tooling.available tests.torture $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: torture-controls
torture-controls: setup ## break each guarantee on purpose: the harness must turn red every time
	@$(RUN) -m mesh.tooling.available tests.torture.controls $(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

.PHONY: power-cut
power-cut: setup ## cut the power under the ledger's disk: make power-cut N=20 (root; build/power_cut.json)
	@$(RUN) -m mesh.tooling.available tests.torture.power_cut $(if $(N),--cuts $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: audit-demo
audit-demo: setup ## falsify an audit log in every way there is, and be caught; forget a player (build/audit_demo.json)
	@$(RUN) -m mesh.tooling.available tests.audit_demo $(ARGS)

.PHONY: drills
drills: setup ## break what the law needs, and compare the decisions with the failure table (build/drills.json)
	@$(RUN) -m mesh.tooling.available tests.drills $(ARGS)

.PHONY: law-machine
law-machine: setup ## bets, exclusions and limit changes in any order, and a model: make law-machine STEPS=n SEED=s (build/law_machine.json)
	@$(RUN) -m mesh.tooling.available tests.law_machine $(if $(STEPS),--steps $(STEPS)) $(if $(SEED),--seed $(SEED))

.PHONY: race
race: setup ## eight processes bet for the same players at once: make race SEED=s (build/race.json)
	@$(RUN) -m mesh.tooling.available tests.race $(if $(SEED),--seed $(SEED)) $(ARGS)

.PHONY: fmt
fmt: setup ## format code and contracts
	@$(VENV)/bin/ruff check --quiet --fix-only .
	@$(VENV)/bin/ruff format --quiet .
	@$(VENV)/bin/buf format --write --path proto/pitboss

.PHONY: generate
generate: setup $(VENV)/.ready-stubs ## rewrite every generated file
	@$(RUN) -m mesh.tooling.generate

.PHONY: accept-contracts
accept-contracts: setup ## let the contracts break their earlier promise (a decision, not a routine)
	@$(RUN) -m mesh.tooling.breaking --accept

.PHONY: new-provider
new-provider: setup ## a new adapter from the template: make new-provider NAME=acme_slots
	@$(RUN) -m mesh.tooling.new_provider $(NAME)

.PHONY: lock
lock: setup ## resolve requirements/*.in into hash-locked files (needs the network)
	@for name in bootstrap stubs sdk sdk-protobuf-5 sdk-protobuf-6 runtime gateway dev; do \
	  $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	    --custom-compile-command 'make lock' requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done
