//! The links of a proof's chain: each printed (in)equality by itself, its two sides evaluated at a cell.

use crate::evidence::{Evidence, Method};
use crate::statement::{Bound, Relation};
use crate::store::piece::{Reader, evidence, lasting, put_evidence, relation};
use crate::store::{Keeps, Piece, code_of_relation};
use crate::verdict::{Verdict, judge, slack_log10};

/// One printed link of a proof: left side, relation, right side.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its name in records: short, unique in its chain, such as `eq-13-constant`.
    pub name: &'static str,
    /// Where it stands in the source, such as `Eq. 13, third line`.
    pub equation: &'static str,
    /// The link as it is printed.
    pub text: &'static str,
    /// How the left side is claimed to stand to the right side.
    pub relation: Relation,
    /// The left side.
    pub left: Evidence,
    /// The right side.
    pub right: Evidence,
    /// The constant for large enough values of which the source claims the link, if it does: failing at one value is no error
    /// of it. See [`super::Measurand::least_constant`].
    pub for_large: Option<&'static str>,
}

impl Link {
    /// A link that is claimed at every cell.
    pub fn new(
        name: &'static str,
        equation: &'static str,
        text: &'static str,
        relation: Relation,
        left: Evidence,
        right: Evidence,
    ) -> Self {
        Link { name, equation, text, relation, left, right, for_large: None }
    }

    /// The same, claimed for large enough values of a constant only.
    pub fn for_large(self, constant: &'static str) -> Self {
        Link { for_large: Some(constant), ..self }
    }

    /// Whether both sides are rigorous enclosures.
    pub fn is_proved(&self) -> bool {
        self.left.method == Method::Proved && self.right.method == Method::Proved
    }

    /// The left side as evidence and the right side as a bound between its ends.
    pub fn sides(&self) -> (&Evidence, Bound) {
        let Evidence { ln, ln_lo, ln_hi, .. } = self.right;
        (&self.left, Bound::between(self.name, ln.unwrap_or(0.5 * (ln_lo + ln_hi)), ln_lo, ln_hi))
    }

    /// What the two intervals say about the link; of one that is claimed for large constants, what they say about this constant.
    pub fn verdict(&self) -> Verdict {
        let (left, right) = self.sides();
        let verdict = judge(left, &right, self.relation);
        if self.for_large.is_some() { verdict.at_a_constant() } else { verdict }
    }

    /// log10 of how far the left side is on the claimed side of the right one; negative is violated.
    pub fn slack_log10(&self) -> Option<f64> {
        let (left, right) = self.sides();
        slack_log10(left, &right, self.relation)
    }
}

impl Keeps for Vec<Link> {
    fn to_piece(&self) -> Piece {
        let mut piece = Piece { numbers: vec![self.len() as f64], texts: Vec::new() };
        for Link { name, equation, text, relation, left, right, for_large } in self {
            piece.texts.extend([*name, *equation, *text, for_large.unwrap_or_default()].map(String::from));
            piece.numbers.push(code_of_relation(Some(*relation)));
            put_evidence(&mut piece, left);
            put_evidence(&mut piece, right);
        }
        piece
    }
    fn from_piece(piece: &Piece) -> Option<Self> {
        Reader::new(piece).list(|reader| {
            let [name, equation, text] = [reader.text()?, reader.text()?, reader.text()?].map(lasting);
            let for_large = Some(reader.text()?).filter(|text| !text.is_empty()).map(lasting);
            let relation = relation(reader.number()?)??;
            let (left, right) = (evidence(reader)?, evidence(reader)?);
            Some(Link { name, equation, text, relation, left, right, for_large })
        })
    }
}

/// The largest whole number from `start` on at which `holds` does not, 0 where there is none below `most`, if from `start` on it
/// holds for good once it holds; infinite where it fails at `most` too.
pub fn last_failing(start: u64, most: u64, holds: impl Fn(u64) -> bool) -> f64 {
    let start = start.max(1);
    if holds(start) {
        return 0.0;
    }
    let (mut fails, mut next) = (start, start);
    loop {
        if next >= most {
            return f64::INFINITY;
        }
        next = next.saturating_mul(2).min(most);
        if holds(next) {
            break;
        }
        fails = next;
    }
    while next - fails > 1 {
        let middle = fails + (next - fails) / 2;
        if holds(middle) { next = middle } else { fails = middle }
    }
    fails as f64
}

/// The first link of a chain that is violated.
pub fn first_failing(chain: &[Link]) -> Option<&Link> {
    chain.iter().find(|link| link.verdict() == Verdict::Violated)
}

/// The names of the links with this verdict, or with it at a constant.
#[cfg(test)]
pub(crate) fn named(verdicts: &[(&'static str, Verdict)], which: Verdict) -> Vec<&'static str> {
    verdicts
        .iter()
        .filter(|(_, verdict)| [which, which.at_a_constant()].contains(verdict))
        .map(|(name, _)| *name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Method;

    fn side(lo: f64, hi: f64) -> Evidence {
        Evidence::enclosed(Some((lo * hi).sqrt().ln()), lo.ln(), hi.ln(), Method::Quadrature, 1)
    }

    fn link(relation: Relation, left: Evidence, right: Evidence) -> Link {
        Link::new("l", "Eq. 0", "", relation, left, right)
    }

    #[test]
    fn sides_are_apart_where_their_intervals_are() {
        for (relation, left, right, verdict) in [
            (Relation::AtMost, side(1.0, 2.0), side(3.0, 4.0), Verdict::Holds),
            (Relation::AtMost, side(1.0, 3.1), side(3.0, 4.0), Verdict::Undecided),
            (Relation::AtLeast, side(1.0, 2.0), side(3.0, 4.0), Verdict::Violated),
            (Relation::AtLeast, side(5.0, 6.0), side(3.0, 4.0), Verdict::Holds),
            // The two intervals are 3.3e-4 wide, each.
            (Relation::Equal { tolerance: 1e-4 }, side(3.0, 3.001), side(3.0, 3.001), Verdict::Undecided),
            (Relation::Equal { tolerance: 1e-2 }, side(3.0, 3.001), side(3.0, 3.001), Verdict::Holds),
            (Relation::Equal { tolerance: 1e-2 }, side(3.0, 3.001), side(3.1, 3.2), Verdict::Violated),
        ] {
            assert_eq!(
                link(relation, left.clone(), right.clone()).verdict(),
                verdict,
                "{relation:?} {left:?} {right:?}"
            );
        }
    }

    #[test]
    fn the_last_failing_number_is_found() {
        for least in [1u64, 2, 3, 17, 1000, 999_999] {
            let expected = if least <= 3 { 0.0 } else { (least - 1) as f64 };
            assert_eq!(last_failing(3, 1 << 40, |k| k >= least), expected);
        }
        assert_eq!(last_failing(1, 1000, |k| k >= 1001), f64::INFINITY);
        assert_eq!(last_failing(1, 1000, |k| k >= 1000), 999.0);
    }

    #[test]
    fn sides_of_zero_are_equal_and_at_most_each_other() {
        let zero = Evidence::closed_form(f64::NEG_INFINITY, 0.0, 1);
        for relation in [Relation::AtMost, Relation::Equal { tolerance: 1e-9 }] {
            assert_eq!(link(relation, zero.clone(), zero.clone()).verdict(), Verdict::Holds);
            assert_eq!(link(relation, side(1.0, 1.0), zero.clone()).verdict(), Verdict::Violated);
        }
        let chain = [
            link(Relation::AtMost, zero.clone(), side(1.0, 1.0)),
            Link { name: "second", ..link(Relation::AtLeast, zero, side(1.0, 1.0)) },
        ];
        assert_eq!(first_failing(&chain).map(|link| link.name), Some("second"));
    }
}
