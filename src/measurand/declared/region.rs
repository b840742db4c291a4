//! Sets of numbers that comparisons describe: unions of intervals, whose ends are numbers between limits.

use std::cmp::Ordering;

use crate::formula::Number;

/// An end of an interval: minus or plus infinity, or a number that belongs to it or does not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct End {
    pub at: Option<Number>,
    pub with: bool,
}

impl End {
    pub const OPEN: End = End { at: None, with: false };

    pub fn new(at: Number, with: bool) -> Self {
        End { at: Some(at), with }
    }

    /// The end of what lies on the other side.
    fn opposite(self) -> End {
        End { with: !self.with, ..self }
    }
}

/// The numbers between two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: End,
    pub high: End,
}

/// Intervals from the lowest up, apart from each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Region(pub Vec<Interval>);

impl Region {
    pub fn all() -> Self {
        Region(vec![Interval { low: End::OPEN, high: End::OPEN }])
    }

    pub fn none() -> Self {
        Region(Vec::new())
    }

    pub fn above(at: Number, with: bool) -> Self {
        Region(vec![Interval { low: End::new(at, with), high: End::OPEN }])
    }

    pub fn below(at: Number, with: bool) -> Self {
        Region(vec![Interval { low: End::OPEN, high: End::new(at, with) }])
    }

    /// Whether a number that may be off by so much lies in it; `None` where that is not known.
    pub fn holds(&self, x: f64, rounding: f64) -> Option<bool> {
        let mut holds = Some(false);
        for interval in &self.0 {
            let above = is_inside(x, rounding, interval.low, false);
            let below = is_inside(x, rounding, interval.high, true);
            match (above, below) {
                (Some(true), Some(true)) => return Some(true),
                (Some(false), _) | (_, Some(false)) => {}
                _ => holds = None,
            }
        }
        holds
    }

    /// What lies in none of them.
    pub fn not(&self) -> Self {
        let mut rest = Vec::new();
        let mut low = Some(End::OPEN);
        for interval in &self.0 {
            if let Some(low) = low.filter(|_| interval.low.at.is_some()) {
                rest.push(Interval { low, high: interval.low.opposite() });
            }
            low = interval.high.at.map(|_| interval.high.opposite());
        }
        rest.extend(low.map(|low| Interval { low, high: End::OPEN }));
        Region(rest)
    }

    /// What lies in both; `None` where rounding does not tell the order of two ends.
    pub fn and(&self, other: &Self) -> Option<Self> {
        let mut both = Vec::new();
        for one in &self.0 {
            for two in &other.0 {
                let low = inner(one.low, two.low, Ordering::Greater)?;
                let high = inner(one.high, two.high, Ordering::Less)?;
                let is_empty = match (low.at, high.at) {
                    (Some(from), Some(to)) => match order(from, to)? {
                        Ordering::Less => false,
                        Ordering::Equal => !(low.with && high.with),
                        Ordering::Greater => true,
                    },
                    _ => false,
                };
                if !is_empty {
                    both.push(Interval { low, high });
                }
            }
        }
        Some(Region(both))
    }

    /// What lies in one of them.
    pub fn or(&self, other: &Self) -> Option<Self> {
        Some(self.not().and(&other.not())?.not())
    }
}

/// Whether a number lies on the inner side of an end.
fn is_inside(x: f64, rounding: f64, End { at, with }: End, is_high: bool) -> Option<bool> {
    let Some(at) = at else { return Some(true) };
    let (low, high) = at.ends();
    match (x - rounding > high, x + rounding < low) {
        (true, _) => Some(!is_high),
        (_, true) => Some(is_high),
        _ if low == high && rounding == 0.0 => Some(with),
        _ => None,
    }
}

/// The order of two numbers, if their limits tell it.
fn order(one: Number, other: Number) -> Option<Ordering> {
    match (one == other, one.less(other), other.less(one)) {
        (true, ..) => Some(Ordering::Equal),
        (_, Some(true), _) => Some(Ordering::Less),
        (_, _, Some(true)) => Some(Ordering::Greater),
        (_, Some(false), Some(false)) => Some(Ordering::Equal),
        _ => None,
    }
}

/// The end that cuts off more: the greater of two lower ends, the lesser of two upper ones.
fn inner(one: End, other: End, wanted: Ordering) -> Option<End> {
    let (Some(x), Some(y)) = (one.at, other.at) else {
        return Some(if one.at.is_some() { one } else { other });
    };
    Some(match order(x, y)? {
        Ordering::Equal => End { with: one.with && other.with, ..one },
        found if found == wanted => one,
        _ => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_by_hand() {
        let n = Number::new;
        let (up, down) = (Region::above(n(1.0), true), Region::below(n(3.0), false));
        let between = up.and(&down).unwrap();
        assert_eq!(between.0, [Interval { low: End::new(n(1.0), true), high: End::new(n(3.0), false) }]);
        assert_eq!(between.not().not(), between);
        assert_eq!(between.not().0.len(), 2);
        assert_eq!(up.or(&down).unwrap(), Region::all());
        assert_eq!(up.and(&Region::below(n(1.0), false)).unwrap(), Region::none());
        assert_eq!(Region::none().not(), Region::all());
        assert_eq!(between.or(&between.not()).unwrap(), Region::all());
    }
}
