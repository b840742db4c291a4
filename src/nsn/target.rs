//! Targets z of a subset sum: where the box stands.

use crate::error::{Error, Result};
use crate::expression::Number;

/// A target z in R^d, named or written out.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// z = 0.
    Origin,
    /// z = (sqrt(k), 0, ..., 0): the full norm on one coordinate.
    Axis,
    /// z = sqrt(k)/d in each coordinate: the full norm spread out.
    Spread,
    /// The coordinates themselves.
    Listed(Vec<f64>),
}

/// Coordinates beyond this would overflow when they are squared.
const LARGEST: f64 = 1e100;

impl Target {
    /// Reads `origin`, `axis`, `spread` or a list such as `[0.5, -1]`.
    ///
    /// # Errors
    /// Names the text and what can be written instead.
    pub fn parse(text: &str) -> Result<Self> {
        match text.trim() {
            "origin" => Ok(Target::Origin),
            "axis" => Ok(Target::Axis),
            "spread" => Ok(Target::Spread),
            list if list.starts_with('[') && list.ends_with(']') => list[1..list.len() - 1]
                .split(',')
                .map(|item| match item.trim().parse::<f64>() {
                    Ok(number) if number.abs() <= LARGEST => Ok(number),
                    _ => Err(Error::input(format!(
                        "target {text:?}: {:?} is not a number of at most 1e100; write a list such as [0.5, -1]",
                        item.trim()
                    ))),
                })
                .collect::<Result<_>>()
                .map(Target::Listed),
            other => Err(Error::input(format!(
                "unknown target {other:?}; write origin, axis, spread, or a list of d numbers such as [0.5, -1]"
            ))),
        }
    }

    /// The coordinates' absolute values, each with its multiplicity in dimension `d` for sums of `k` vectors: the box
    /// probabilities depend on nothing else.
    pub fn coordinates(&self, k: u64, d: u64) -> Vec<(f64, f64)> {
        let (k, d) = (k as f64, d as f64);
        match self {
            Target::Origin => vec![(0.0, d)],
            Target::Axis if d == 1.0 => vec![(k.sqrt(), 1.0)],
            Target::Axis => vec![(k.sqrt(), 1.0), (0.0, d - 1.0)],
            Target::Spread => vec![(k.sqrt() / d, d)],
            Target::Listed(z) => {
                let mut sorted: Vec<f64> = z.iter().map(|x| x.abs()).collect();
                sorted.sort_by(f64::total_cmp);
                let mut distinct: Vec<(f64, f64)> = Vec::new();
                for x in sorted {
                    match distinct.last_mut() {
                        Some((last, count)) if *last == x => *count += 1.0,
                        _ => distinct.push((x, 1.0)),
                    }
                }
                distinct
            }
        }
    }

    /// All d coordinates, written out.
    pub fn vector(&self, k: u64, d: u64) -> Vec<f64> {
        match self {
            Target::Listed(z) => z.clone(),
            named => {
                named.coordinates(k, d).iter().flat_map(|&(z, count)| std::iter::repeat_n(z, count as usize)).collect()
            }
        }
    }

    /// norm1(z)^2. The named targets have it by definition, not by rounding.
    pub fn norm1_squared(&self, k: u64) -> Number {
        match self {
            Target::Origin => Number::new(0.0),
            Target::Axis | Target::Spread => Number::whole(k),
            Target::Listed(z) => {
                let norm = z.iter().map(|x| Number::new(x.abs())).fold(Number::new(0.0), |sum, x| sum + x);
                norm * norm
            }
        }
    }

    /// Checks that a listed target has `d` coordinates.
    ///
    /// # Errors
    /// Names both lengths.
    pub fn check_dimension(&self, d: u64) -> Result<()> {
        match self {
            Target::Listed(z) if z.len() as u64 != d => Err(Error::input(format!(
                "target has {} coordinates where d = {d}; write {d} numbers, or origin, axis or spread",
                z.len()
            ))),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Target::Origin => f.write_str("origin"),
            Target::Axis => f.write_str("axis"),
            Target::Spread => f.write_str("spread"),
            Target::Listed(z) => {
                let items: Vec<String> = z.iter().map(|&x| crate::numeric::number(x)).collect();
                write!(f, "[{}]", items.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_reads_back() {
        for text in ["origin", "axis", "spread", "[0.5, -1, 1e-9]"] {
            assert_eq!(Target::parse(text).unwrap().to_string(), text);
        }
        for text in ["Origin", "", "[1, x]", "[NaN]", "[1"] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn coordinates_count_d() {
        for target in [Target::Origin, Target::Axis, Target::Spread] {
            for d in [1, 2, 7] {
                assert_eq!(target.coordinates(16, d).iter().map(|c| c.1).sum::<f64>(), d as f64);
                let norm1: f64 = target.vector(16, d).iter().sum();
                assert!(norm1 <= 4.0 + 1e-12);
            }
        }
        assert_eq!(Target::Listed(vec![1.0, -1.0, 0.5]).coordinates(1, 3), vec![(0.5, 1.0), (1.0, 2.0)]);
    }
}
