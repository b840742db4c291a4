//! The tests of the README's command, in one program, so that they are linked once.

mod architecture;
mod certificates;
mod cli;
mod common;
mod experiments;
mod falsify;
mod fuzz;
mod fuzz_weights;
#[cfg(unix)]
mod guide;
mod identities;
mod oracles;
#[cfg(unix)]
mod outside;
mod prune;
mod sceptic;
mod solve;
mod stop;
mod textbook;
mod threshold;
