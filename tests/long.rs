//! The long suites, which continuous integration runs too: `cargo test --release --test long`.

mod corpus;
mod kill;
mod mutants;
mod repair;
mod soundness;
