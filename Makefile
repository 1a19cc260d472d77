# An index of commands. `make` alone lists them.

.PHONY: help run test test-failover bench bench-quick bench-upload lint fmt doc

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: ## build in release and start the server on http://localhost:8000
	cargo run --release --locked --bin aviary

# The same selection of packages twice, so that nothing is built twice.
test: ## build the binary and run every test, those of the API on both stores
	cargo build --locked --workspace --bins
	cargo test --locked --workspace
	TEST_STORE=mongodb cargo test --locked --workspace --test api

# One test after the other: each keeps the machine busy by itself.
test-failover: ## kill and freeze databases, and kill the server on MongoDB, under load; takes minutes
	cargo build --locked --workspace --bins
	TEST_FAILOVER=1 cargo test --locked --workspace --test process failover -- --test-threads=1 --nocapture
	TEST_STORE=mongodb cargo test --locked --workspace --test process crash -- --nocapture

# What is measured is beside what measures it. ONLY=detail,list HOMES=embedded SIZES=small measures less; `cargo run --bin
# aviary-bench -- run --help` tells the rest, which goes into BENCH.
BENCH_RUN = cargo run --release --locked --bin aviary-bench -- run \
	$(if $(ONLY),--only $(ONLY)) $(if $(HOMES),--homes $(HOMES)) $(if $(SIZES),--sizes $(SIZES)) $(BENCH)

bench: ## measure both homes, small and large, beside what this machine allows; about 20 minutes
	cargo build --release --locked --workspace --bins
	$(BENCH_RUN)

bench-quick: ## measure the most important routes on small homes; about 2 minutes
	cargo build --release --locked --workspace --bins
	$(BENCH_RUN) --quick

# ARGS="--mebibytes 200 --rounds 2" is a short one.
bench-upload: ## measure uploads of 2 GB to the fake Cloudinary and to local disk; takes a minute or two
	cargo build --release --locked --bins
	cargo run --release --locked --bin bench_upload -- $(ARGS)

lint: ## format and lints, as CI checks them
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings

fmt: ## format the code
	cargo fmt --all

doc: ## build the documentation of the crates
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --features aviary-domain/test-support,aviary-domain/serde
