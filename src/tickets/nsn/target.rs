//! Targets z of a subset sum: where the box stands.

use rand::RngExt;

use crate::enclosure::Enclosure;
use crate::formula::Number;
use crate::random::Stream;
use crate::statement::{Cell, Value};

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

impl Target {
    /// The target that a cell declares as `target`.
    pub fn of(cell: &Cell) -> Self {
        match cell.get("target") {
            Some(Value::List(entries)) => Target::Listed(entries.clone()),
            Some(Value::Word(word)) if word == "axis" => Target::Axis,
            Some(Value::Word(word)) if word == "spread" => Target::Spread,
            _ => Target::Origin,
        }
    }

    /// The target that a text names, as an oracle writes it.
    #[cfg(test)]
    pub(crate) fn named(text: &str) -> Self {
        match text {
            "origin" => Target::Origin,
            "axis" => Target::Axis,
            "spread" => Target::Spread,
            list => {
                Target::Listed(list.trim_matches(['[', ']']).split(',').map(|x| x.trim().parse().unwrap()).collect())
            }
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

    /// As [`Target::coordinates`], exactly: named ones in enclosures, of roots that doubles only round.
    pub fn enclosed(&self, k: u64, d: u64) -> Vec<(Enclosure, u64)> {
        let (root, d_real) = (Enclosure::whole(k).sqrt(), Enclosure::whole(d));
        match self {
            Target::Axis if d == 1 => vec![(root, 1)],
            Target::Axis => vec![(root, 1), (Enclosure::ZERO, d - 1)],
            Target::Spread => vec![(root / d_real, d)],
            Target::Origin | Target::Listed(_) => {
                self.coordinates(k, d).into_iter().map(|(z, count)| (Enclosure::new(z), count as u64)).collect()
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
}

/// Listed targets that a search for the worst one should try: just inside and just outside the box's edge, the full norm on
/// one, on two or on random coordinates, and the present one scaled.
pub fn target_trials(cell: &Cell, stream: &mut Stream) -> Vec<Vec<f64>> {
    let (d, k, eps) = (cell.integer("d") as usize, cell.real("k"), cell.real("eps"));
    // Just below sqrt(k), so that sums of rounded coordinates stay within the norm.
    let norm = k.sqrt() * (1.0 - 1e-12);
    let uniform = |x: f64| vec![x.min(norm / d as f64); d];
    let on = |coordinates: usize, norm: f64| {
        let entry = |i: usize| if i < coordinates { norm / coordinates as f64 } else { 0.0 };
        (0..d).map(entry).collect::<Vec<f64>>()
    };
    let random: Vec<f64> = (0..d).map(|_| -stream.random::<f64>().ln()).collect();
    let total: f64 = random.iter().sum();
    let mut listed = vec![
        uniform(eps * (1.0 - 1e-3)),
        uniform(eps),
        uniform(eps * (1.0 + 1e-3)),
        on(1, 0.5 * norm),
        on(2.min(d), norm),
        random.iter().map(|x| x / total * norm).collect(),
    ];
    if let Some(Value::List(z)) = cell.get("target") {
        let size: f64 = z.iter().map(|x| x.abs()).sum();
        for factor in [0.5, 0.9, 1.1, 2.0] {
            if size * factor <= norm {
                listed.push(z.iter().map(|x| x * factor).collect());
            }
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

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
