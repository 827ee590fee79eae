# SPDX-License-Identifier: GPL-3.0-or-later
.DEFAULT_GOAL := help
SHELL := bash
MAKEFLAGS += --no-print-directory

step := tests/host/step
quiet_step := tests/host/step --quiet
run := tests/controllers/run 2.19
# The main path of every scenario; FULL=1 adds the long fault matrices.
chosen := $(if $(FULL),full or not full,not full)
tests := python -m pytest -m '$(chosen)'

.PHONY: help
help: ## say what there is
	@echo 'make TARGET, where TARGET is one of:'
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: check
check: environments ## lint, sanity and unit tests (usually 4 min; the first time 8 min)
	@$(MAKE) --jobs 4 --keep-going check-steps

.PHONY: test
test: ## the main path of everything, alone, on a fresh machine (usually an hour)
	@tests/host/with-cleanup $(MAKE) test-steps

.PHONY: test-full
test-full: ## the same with the long fault matrices, and the benchmark (many hours)
	@tests/host/with-cleanup $(MAKE) test-steps bench FULL=1

.PHONY: demo demo-stop
demo: ## the main job on a booted arm64 machine; KEEP=1 keeps it; DEMO_HOST=user@address: yours
	@tests/demo/run

demo-stop: ## end the machine that KEEP=1 kept
	@tests/demo/run stop

.PHONY: bench bench-registry
bench: bench-registry environments machine-image ## measure on booted machines; ROLE=path measures another role too
	@$(step) 'benchmark' '20 min' \
	    $(run) python benchmarks/bench.py $(if $(ROLE),--role '$(ROLE)')

.PHONY: bench-emulation
bench-emulation: environments ## measure what the same build costs natively and emulated
	@tests/host/prepare containers
	@$(step) 'builds, native and emulated' '3 min' $(run) python benchmarks/emulation.py

.PHONY: bench-dind
bench-dind: environments machine-image dind-images ## measure docker_dind against docker run by hand
	@$(step) 'an engine in a container, by hand and by the role' '10 min' $(run) python benchmarks/dind.py

bench-registry: environments
	@tests/host/prepare registry
	@$(step) 'benchmark of image_platform_info' '3 min' $(run) python benchmarks/registry.py

.PHONY: clean
clean: ## remove build/; what is worth keeping lies in the cache folder, and stays
	@python3 tests/machine stop --all --discard
	@rm -rf build

# The environments of both controllers, and the collections with ours among them.
.PHONY: environments
environments:
	@tests/host/prepare controllers
	@tests/controllers/venv 2.19
	@tests/controllers/venv newest
	@tests/controllers/install

# The longest first; four at a time, since some of the unit tests wait.
.PHONY: check-steps
check-steps: lint units-2.19 units-newest sanity-2.19 sanity-newest style changelog documentation

.PHONY: sanity-2.19 sanity-newest
sanity-2.19 sanity-newest: sanity-%:
	@$(quiet_step) 'ansible-test sanity, ansible-core $*' '1 min; the first time 2 min' \
	    tests/controllers/sanity $*

.PHONY: units-2.19 units-newest
units-2.19 units-newest: units-%:
	@$(quiet_step) 'unit tests, ansible-core $*' '3 min' tests/controllers/units $*

# One after the other, as one step: else make would put the second off until all others have begun.
.PHONY: lint
lint:
	@status=0; for core in 2.19 newest; do $(MAKE) "lint-$$core" || status=$$?; done; exit "$$status"

.PHONY: lint-2.19 lint-newest
lint-2.19 lint-newest: lint-%:
	@$(quiet_step) 'ansible-lint, production profile, ansible-core $*' '40 s' \
	    tests/controllers/run $* ansible-lint --offline

.PHONY: style
style:
	@$(quiet_step) 'ruff, yamllint and shellcheck' '5 s' tests/controllers/style

.PHONY: changelog
changelog:
	@$(quiet_step) 'changelog fragments' '1 s' $(run) antsibull-changelog lint

.PHONY: documentation
documentation: environments
	@$(quiet_step) 'documentation of the plugins' '10 s' $(run) antsibull-docs lint-collection-docs \
	    --plugin-docs --skip-rstcheck build/collections/ansible_collections/arm64/docker

.PHONY: images
images:
	@$(step) 'arm64 container images' '1 s; the first time 5 min' \
	    tests/images/build debian12-systemd debian13

# What the machine of the scenario dind loads.
.PHONY: dind-images
dind-images:
	@$(step) 'arm64 images of engines in containers' '1 s; the first time 6 min' \
	    tests/images/build dind dind-rootless

.PHONY: machine-image
machine-image:
	@tests/host/prepare machines
	@$(step) 'image of the arm64 machine' '1 s; the first time 8 min' \
	    tests/controllers/run 2.19 python tests/machine build

# What a build host of another architecture is.
.PHONY: build-host-image
build-host-image: environments
	@tests/host/prepare machines
	@$(step) 'image of the amd64 machine' '1 s; the first time 2 min' \
	    tests/controllers/run 2.19 python tests/machine build --arch amd64

molecule := default machine boards emulation dind rootless images desktop report
.PHONY: $(molecule:%=molecule-%)
molecule-default molecule-desktop: images
molecule-machine molecule-boards molecule-rootless molecule-images molecule-report: machine-image
molecule-dind: machine-image dind-images
molecule-emulation: build-host-image
$(molecule:%=molecule-%): molecule-%: environments
	@$(step) 'molecule test -s $*' '4 min' env MOLECULE_EPHEMERAL_DIRECTORY=$(CURDIR)/build/molecule/$* \
	    $(run) molecule test -s $*

# README's section for users of Molecule, as it stands.
.PHONY: readme
readme: environments images
	@$(step) "README's Molecule scenario" '3 min' $(run) $(tests) tests/readme

.PHONY: registry
registry: environments
	@tests/host/prepare containers
	@tests/host/prepare registry
	@$(step) 'images in registries with TLS and logins' '2 min' $(run) $(tests) tests/registry

.PHONY: second-run repository engine
second-run: environments machine-image
	@$(step) 'second runs and drift on a booted machine' '6 min' $(run) $(tests) tests/second_run

# It stands for Docker's own, from which none of the tests downloads.
repository: environments
	@tests/host/prepare repository
	@$(step) 'signed apt repository for tests' '15 s; the first time 30 s' $(run) $(tests) tests/repository

engine: environments machine-image
	@tests/host/prepare repository
	@$(step) 'the life of an engine on a booted machine' '8 min' $(run) $(tests) tests/engine

.PHONY: emulation
emulation: environments machine-image build-host-image
	@$(step) 'other architectures on booted machines' '30 min' \
	    $(run) python -m pytest tests/emulation

.PHONY: boards
boards: environments machine-image
	@$(step) 'boards beyond that of Molecule' '25 min' $(run) python -m pytest tests/boards

.PHONY: rootless
rootless: environments machine-image
	@$(step) "daemons of users' own on a booted machine" '15 min' $(run) python -m pytest tests/rootless

.PHONY: builder
builder: environments machine-image
	@tests/host/prepare containers
	@$(step) 'builders of docker buildx' '3 min' $(run) $(tests) tests/builder

.PHONY: report
report: environments
	@tests/host/prepare containers
	@$(step) 'diagnostics and reports' '3 min' $(run) $(tests) tests/report

# What the scenario of Molecule cannot: downloads that fail, refusals, upgrades, removal.
.PHONY: desktop
desktop: environments images $(if $(FULL),machine-image)
	@$(step) 'Docker Desktop on arm64' '$(if $(FULL),18,12) min' $(run) $(tests) tests/desktop

.PHONY: dind
dind: environments
	@tests/host/prepare containers
	@tests/host/prepare registry
	@$(step) 'images of engines in containers' '1 s; the first time 2 min' \
	    tests/images/build --architecture "$$(dpkg --print-architecture)" dind dind-rootless
	@$(step) 'engines in containers' '5 min' $(run) $(tests) tests/dind

.PHONY: deploy
deploy: environments
	@tests/host/prepare containers
	@tests/host/prepare registry
	@$(step) 'images against hosts, and what runs them' '8 min' $(run) $(tests) tests/deploy

# `molecule test -s faults` runs the same.
.PHONY: faults
faults: environments machine-image
	@$(step) 'bad input on a booted machine' '9 min' $(run) $(tests) tests/faults

.PHONY: demonstration
demonstration: machine-image
	@$(step) 'make demo' '4 min' tests/demo/run

# The longest first: two run at a time.
machine_tests := engine faults molecule-boards second-run molecule-machine molecule-default \
    molecule-emulation dind deploy report builder registry repository readme \
    $(if $(FULL),emulation boards rootless desktop molecule-dind molecule-rootless molecule-images molecule-desktop molecule-report)

.PHONY: test-steps
test-steps:
	@$(MAKE) check
	@tests/host/prepare machines
	@tests/host/prepare containers
	@$(MAKE) --jobs 2 images machine-image build-host-image
	@$(MAKE) --jobs 2 $(machine_tests)
	@$(MAKE) demonstration
