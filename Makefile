# SPDX-License-Identifier: GPL-3.0-or-later
.DEFAULT_GOAL := help
SHELL := bash
MAKEFLAGS += --no-print-directory

step := tests/host/step
quiet_step := tests/host/step --quiet
run := tests/controllers/run 2.19

.PHONY: help
help: ## say what there is
	@echo 'make TARGET, where TARGET is one of:'
	@sed -n 's/^\([a-z][a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: check
check: environments ## lint, sanity and unit tests (usually 1 min; the first time 6 min)
	@$(MAKE) --jobs 2 --keep-going check-steps

.PHONY: test
test: ## everything, alone, on a fresh machine (usually 10 min; the first time 30 min)
	@tests/host/with-cleanup $(MAKE) test-steps

.PHONY: test-full
test-full: ## the same, and what takes longer
	@tests/host/with-cleanup $(MAKE) test-steps

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

# The longest first: two run at a time.
.PHONY: check-steps
check-steps: units-2.19 units-newest sanity-2.19 sanity-newest lint-2.19 lint-newest style changelog

.PHONY: sanity-2.19 sanity-newest
sanity-2.19 sanity-newest: sanity-%:
	@$(quiet_step) 'ansible-test sanity, ansible-core $*' '20 s; the first time 2 min' \
	    tests/controllers/sanity $*

.PHONY: units-2.19 units-newest
units-2.19 units-newest: units-%:
	@$(quiet_step) 'unit tests, ansible-core $*' '30 s' tests/controllers/units $*

.PHONY: lint-2.19 lint-newest
lint-2.19 lint-newest: lint-%:
	@$(quiet_step) 'ansible-lint, production profile, ansible-core $*' '15 s' \
	    tests/controllers/run $* ansible-lint --offline
lint-newest: | lint-2.19

.PHONY: style
style:
	@$(quiet_step) 'ruff, yamllint and shellcheck' '5 s' tests/controllers/style

.PHONY: changelog
changelog:
	@$(quiet_step) 'changelog fragments' '1 s' $(run) antsibull-changelog lint

.PHONY: images
images:
	@$(step) 'arm64 container images' '1 s; the first time 5 min' \
	    tests/images/build debian12-systemd debian13

.PHONY: molecule-default molecule-machine
molecule-default: images
molecule-machine:
molecule-default molecule-machine: molecule-%: environments
	@$(step) 'molecule test -s $*' '3 min' $(run) molecule test -s $*

.PHONY: test-steps
test-steps:
	@$(MAKE) check
	@$(MAKE) molecule-default
	@tests/host/prepare machines
	@$(MAKE) molecule-machine
