//! What is proved against the paper's bounds: one file a theorem, whose words are in `theorems.toml`.

mod chernoff;
mod kernel_pruning;
mod lueker;
mod mask;
mod nsn_box;
mod nsn_box_axis;
mod nsn_joint_box;

use std::sync::LazyLock;

use num_traits::ToPrimitive;
use serde::Deserialize;

use crate::certificate::exact::{self, Rational};
use crate::certificate::{Named, Point, Proof, Theorem, Words};
use crate::error::{Error, Result};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    theorem: Vec<Words>,
}

/// The theorems, in the paper's order; of those on one bound the simplest first.
pub static THEOREMS: LazyLock<Vec<Theorem>> = LazyLock::new(|| {
    let wire: Wire = toml::from_str(include_str!("theorems.toml")).expect("the theorems are part of the program");
    wire.theorem.into_iter().map(theorem).collect()
});

fn theorem(words: Words) -> Theorem {
    match words.id.as_str() {
        "negative-moment" => Theorem::new(words, nsn_box::prove).completed_by(nsn_box::complete),
        "bessel" => Theorem::new(words, nsn_box_axis::by_bessel).completed_by(nsn_box_axis::complete),
        "axis-pieces" => Theorem::new(words, nsn_box_axis::by_pieces),
        "small-differences" => Theorem::new(words, nsn_joint_box::prove).completed_by(nsn_joint_box::complete),
        "large-mean" => Theorem::new(words, chernoff::prove),
        "counting" => Theorem::new(words, lueker::count),
        "ends" => Theorem::new(words, lueker::miss_ends),
        "sign-counts" => Theorem::new(words, kernel_pruning::count_each_sign),
        "four-signs" => Theorem::new(words, kernel_pruning::count_four_signs).completed_by(kernel_pruning::complete),
        "mask-size" => Theorem::new(words, mask::prove),
        other => panic!("theorems.toml: {other} has no inequality"),
    }
}

/// How `exp(x) >= y` was checked.
fn check_exp(x: &Rational, y: &Rational) -> Result<String> {
    let terms = exact::terms_of_exp(x, |sum| sum >= y).ok_or_else(|| {
        let y = y.to_f64().unwrap_or(f64::INFINITY);
        Error::input(format!("exp({x}) >= {y:e} is not shown by E({x}): choose a cell further inside the hypotheses"))
    })?;
    Ok(format!("exp({x}) >= {y}, by E({x}) with {terms} terms"))
}

/// How `left <= right` was checked.
fn check_at_most(left: &Rational, right: &Rational, name: &str) -> Result<String> {
    match left <= right {
        true => Ok(format!("{left} <= {right}")),
        false => Err(Error::input(format!("{name} is unmet: {left} > {right}"))),
    }
}

/// How `left < right` was checked.
fn check_below(left: &Rational, right: &Rational, name: &str) -> Result<String> {
    match left < right {
        true => Ok(format!("{left} < {right}")),
        false => Err(Error::input(format!("{name} is unmet: {left} >= {right}"))),
    }
}
