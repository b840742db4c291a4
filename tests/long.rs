//! The long suites, which continuous integration runs too: `cargo test --release --test long`.

mod kill;
mod mutants;
mod soundness;
