# LiveClassroom: every task starts here. `make help` lists them.
#
# Each target does its own set-up (system packages, Swift check), so that it works in an empty clone.

SHELL := /bin/sh
SWIFT = $(shell scripts/find-swift.sh)
CONFIGURATION ?= release
FUZZ_SECONDS ?= 60
LOAD_PEOPLE ?= 200
LOAD_ARGUMENTS ?=
MINUTES ?= 60
BENCH ?= ../shared/bench
AUTOBAHN ?= ../shared/autobahn
SCHEME ?= both
SERVE_ARGUMENTS ?=

.PHONY: help setup setup-test build run test test-swift test-alerts test-api test-browser simulation bench load check lint tidy warnings format fuzz conformance test-conformance sanitize sanitize-server faults hostile interop proxies soak clean
.DEFAULT_GOAL := help
# The steps of a target build on each other.
.NOTPARALLEL:

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## installs what building and running needs
	@scripts/setup.sh run

setup-test: ## installs what the tests need too
	@scripts/setup.sh test

build: setup ## builds the server, optimised
	@scripts/say.sh "building liveserver ($(CONFIGURATION)); the first build takes some minutes"
	@$(SWIFT) build -c $(CONFIGURATION) --product liveserver

run: build ## starts the server with the demo class at http://127.0.0.1:8080/
	@scripts/say.sh "starting the demo class; Ctrl-C ends it"
	@exec .build/$(CONFIGURATION)/liveserver serve $(SERVE_ARGUMENTS)

test: setup-test test-swift test-alerts test-api test-browser ## runs every test, browsers included

test-swift:
	@scripts/test-swift.sh "$(SWIFT)"

test-alerts:
	@scripts/test-alerts.sh

test-api:
	@scripts/test-api.sh "$(SWIFT)"

test-browser:
	@scripts/test-browser.sh "$(SWIFT)"

check: lint tidy warnings ## format lint, layout rules, a build where warnings are errors

lint: setup
	@scripts/say.sh "checking the format"
	@$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests LoadTests

tidy: setup
	@scripts/say.sh "checking the layout rules"
	@$(SWIFT) build --build-tests
	@$(SWIFT) test --skip-build --filter TidyTests

warnings: setup
	@scripts/say.sh "building with warnings as errors"
	@LIVECLASSROOM_STRICT=1 $(SWIFT) build --build-tests --scratch-path .build-strict

format: setup ## formats the Swift sources in place
	@$(SWIFT) format format --in-place --parallel --recursive Package.swift Sources Tests LoadTests

simulation: setup ## a million random commands through the domain, in two processes with equal digests
	@scripts/simulation.sh "$(SWIFT)"

bench: build ## measures against the limit program and peers (BENCH=folder with compare.py)
	@scripts/bench.sh "$(BENCH)"

fuzz: setup ## runs each fuzzer for FUZZ_SECONDS=60 (0: the kept inputs; FUZZ=names of some)
	@scripts/fuzz.sh "$(FUZZ_SECONDS)" $(FUZZ)

load: build ## a lesson of LOAD_PEOPLE=200 against a server of its own, with report (LOAD_ARGUMENTS= for more)
	@scripts/load.sh "$(SWIFT)" "$(CONFIGURATION)" "$(LOAD_PEOPLE)" $(LOAD_ARGUMENTS)

conformance: build ## runs the Autobahn suite against /echo (AUTOBAHN=folder with autobahn.sh, SCHEME=ws|wss|both)
	@scripts/conformance.sh "$(AUTOBAHN)" $(SCHEME)

test-conformance: build ## compares compression with that of PyPI's websockets
	@scripts/say.sh "running the tests against other implementations"
	@LIVESERVER_BIN="$(CURDIR)/.build/$(CONFIGURATION)/liveserver" Tests/Conformance/run.sh

sanitize: setup-test ## runs the tests, a busy class and attacks under AddressSanitizer and ThreadSanitizer
	@scripts/sanitize.sh all

sanitize-server: setup-test ## the server alone under both sanitizers: a busy class and attacks, in minutes
	@scripts/sanitize.sh server

faults: setup-test ## kills the node, fills its disk, stops reading: against the real server
	@$(SWIFT) build --product liveserver
	@scripts/faults.sh

hostile: setup-test ## attacks on a running node, and what others notice of them: all, five seconds each
	@$(SWIFT) build --product liveserver
	@scripts/hostile.sh all

interop: build ## runs client libraries of other languages against the server; writes Docs/interop.md
	@scripts/setup.sh interop
	@LIVESERVER_BIN=$${LIVESERVER_BIN:-$$PWD/.build/$(CONFIGURATION)/liveserver} Tests/Interop/run.sh

proxies: build ## runs the server behind nginx and HAProxy with TLS
	@scripts/setup.sh proxies
	@LIVESERVER_BIN=$${LIVESERVER_BIN:-$$PWD/.build/$(CONFIGURATION)/liveserver} Tests/Interop/run.sh proxies

soak: build ## people who come and go for MINUTES=60; draws Docs/images/soak.svg
	@LIVESERVER_BIN=$${LIVESERVER_BIN:-$$PWD/.build/$(CONFIGURATION)/liveserver} python3 Tests/Soak/soak.py $(MINUTES)

clean: ## removes what building made
	rm -rf .build .build-strict .build-asan .build-tsan .build-fuzz
