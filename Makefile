# The front door. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help demo test check check-api release bench fuzz simulate soak prove-stack test-examples conformance format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: ## install what is missing, build, and run a real pipeline to its end
	@scripts/demo

test: ## all that continuous integration runs: the quick checks, then every test
	@scripts/test

check: ## the quick checks alone: format, purity of the deciding rooms, documents
	@scripts/check

check-api: ## ask the server all that its OpenAPI document allows and forbids; wants PyPI the first time
	@scripts/check-api

release: ## build dist/skiff, one static file
	@scripts/build-release

bench: release ## measure side by side with make, ninja and xargs
	@scripts/need bench
	@Benchmarks/run

fuzz: ## look for texts that bring the reader down, for SECONDS=60 or longer
	@scripts/fuzz $(or $(SECONDS),60)

simulate: ## play RUNS=10000 random workflows with crashes against the engine, or show one SEED=…
	@scripts/simulate $(if $(SEED),--seed $(SEED) $(if $(SMALL),--is-small) $(if $(POINT),--point $(POINT)),--runs $(or $(RUNS),10000) --first $(or $(FIRST),1))

soak: ## kill real runs and the server at random instants, for ROUNDS=100 and SECONDS=120 or more; SEED=7 repeats a schedule
	@SKIFF_SOAK_SECONDS=$(or $(SECONDS),120) scripts/soak $(or $(ROUNDS),100) $(SEED)

conformance: release ## run the cases of CASES=directory and compare with the list of those that cannot pass
	@scripts/conformance $(CASES)

test-examples: release ## run every example with the release binary
	@scripts/test-examples

prove-stack: ## link every dependency of the design into one static file and use each
	@scripts/prove-stack

format: ## bring all Swift sources into shape
	swift format format --in-place --parallel --recursive Sources Tests Proofs/StaticStack/Sources Package.swift

clean: ## remove everything that was built
	rm -rf .build .build-static-jq dist Proofs/*/.build Benchmarks/.build Fuzz/.build
