# Short names for what developers run often; `just` lists them. Each is one command, so nobody needs
# just (`cargo install just`) to do the same.

[private]
default:
    @{{just_executable()}} --list --unsorted

# Every test.
test *ARGS:
    cargo test {{ARGS}}

# What shows most mistakes in a minute: format, lints, and the tests that need no daemon.
quick:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test --lib
    cargo test --test suite -- codec:: layering:: quirk_index:: doc_references::

# Everything that must hold before a change lands.
ci:
    bash .ci/run

# The benchmarks of docs/performance.md; parts can be named: `just bench polls latency`.
bench *PARTS:
    cargo bench --bench figures -- {{PARTS}}

# A whole gateway on simulated modems.
demo *ARGS:
    cargo run -- demo {{ARGS}}

# Lengths, names and comments of the source tree; `just source-figures --list` says where.
source-figures *ARGS:
    .ci/source-figures {{ARGS}}
