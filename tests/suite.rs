//! The tests of the README's command, in one program, so that they are linked once.

mod architecture;
mod certificates;
mod cli;
mod comforts;
mod common;
mod experiments;
mod export;
mod falsify;
mod fuzz;
mod fuzz_weights;
mod gate;
#[cfg(unix)]
mod guide;
mod identities;
mod oracles;
#[cfg(unix)]
mod outside;
mod prune;
mod report;
mod sceptic;
mod solve;
mod stop;
mod textbook;
mod threshold;
