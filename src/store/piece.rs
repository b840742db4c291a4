//! Pieces of evidence as numbers and texts, which files hold to the last bit.

use std::collections::HashSet;
use std::sync::Mutex;
use strum::VariantArray;

use crate::evidence::{Bearing, Evidence, Method};
use crate::statement::Hypothesis;
use crate::statement::{Bound, Relation};

/// Numbers and texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Piece {
    /// Any doubles, NaN among them.
    pub numbers: Vec<f64>,
    /// Any texts.
    pub texts: Vec<String>,
}

/// What can be kept as a piece.
pub trait Keeps: Sized {
    /// As a piece.
    fn to_piece(&self) -> Piece;
    /// Back from a piece; `None` where it is not of this kind.
    fn from_piece(piece: &Piece) -> Option<Self>;
}

impl Piece {
    /// About how many bytes it takes in a file.
    pub(super) fn size(&self) -> usize {
        48 + 8 * self.numbers.len() + self.texts.iter().map(|text| 8 + text.len()).sum::<usize>()
    }

    /// Counts and contents, little-endian.
    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend((self.numbers.len() as u64).to_le_bytes());
        bytes.extend((self.texts.len() as u64).to_le_bytes());
        bytes.extend(self.numbers.iter().flat_map(|number| number.to_le_bytes()));
        for text in &self.texts {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }

    /// The piece at the start of some bytes, and the rest of them.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (numbers, bytes) = count(bytes)?;
        let (texts, bytes) = count(bytes)?;
        let (body, mut bytes) = bytes.split_at_checked(numbers.checked_mul(8)?)?;
        let numbers = body.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().expect("8 bytes")));
        let mut piece = Piece { numbers: numbers.collect(), texts: Vec::new() };
        for _ in 0..texts {
            let (length, rest) = count(bytes)?;
            let (text, rest) = rest.split_at_checked(length)?;
            piece.texts.push(String::from_utf8(text.to_vec()).ok()?);
            bytes = rest;
        }
        Some((piece, bytes))
    }
}

fn count(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (count, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*count).try_into().ok()?, rest))
}

/// Takes numbers and texts off the front of a piece.
pub(crate) struct Reader<'a> {
    numbers: std::slice::Iter<'a, f64>,
    texts: std::slice::Iter<'a, String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(piece: &'a Piece) -> Self {
        Reader { numbers: piece.numbers.iter(), texts: piece.texts.iter() }
    }

    pub(crate) fn number(&mut self) -> Option<f64> {
        self.numbers.next().copied()
    }

    pub(crate) fn count(&mut self) -> Option<u64> {
        self.number().filter(|number| *number >= 0.0 && number.fract() == 0.0).map(|number| number as u64)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        self.texts.next().map(String::as_str)
    }

    /// As many things as the next number says.
    pub(crate) fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.count()?).map(|_| one(self)).collect()
    }
}

impl Keeps for Piece {
    fn to_piece(&self) -> Piece {
        self.clone()
    }
    fn from_piece(piece: &Piece) -> Option<Self> {
        Some(piece.clone())
    }
}

impl Keeps for Vec<f64> {
    fn to_piece(&self) -> Piece {
        Piece { numbers: self.clone(), texts: Vec::new() }
    }
    fn from_piece(piece: &Piece) -> Option<Self> {
        Some(piece.numbers.clone())
    }
}

impl Keeps for Evidence {
    fn to_piece(&self) -> Piece {
        let mut piece = Piece::default();
        put_evidence(&mut piece, self);
        piece
    }
    fn from_piece(piece: &Piece) -> Option<Self> {
        evidence(&mut Reader::new(piece))
    }
}

impl Keeps for Vec<Bound> {
    fn to_piece(&self) -> Piece {
        let mut piece = Piece { numbers: vec![self.len() as f64], texts: Vec::new() };
        for bound in self {
            piece.texts.push(bound.name.clone());
            piece.numbers.extend(numbers_of_bound(bound));
        }
        piece
    }
    fn from_piece(piece: &Piece) -> Option<Self> {
        Reader::new(piece).list(|reader| {
            let name = reader.text()?.to_string();
            let [ln, ln_lo, ln_hi] = [reader.number()?, reader.number()?, reader.number()?];
            let non_positive = Some(reader.number()?).filter(|value| !value.is_nan());
            let relation = relation(reader.number()?)?;
            Some(Bound { name, ln, ln_lo, ln_hi, non_positive, relation })
        })
    }
}

/// A bound without its name.
pub fn numbers_of_bound(bound: &Bound) -> [f64; 5] {
    let non_positive = bound.non_positive.unwrap_or(f64::NAN);
    [bound.ln, bound.ln_lo, bound.ln_hi, non_positive, code_of_relation(bound.relation)]
}

/// A relation as a number.
pub fn code_of_relation(relation: Option<Relation>) -> f64 {
    match relation {
        None => -3.0,
        Some(Relation::AtLeast) => -2.0,
        Some(Relation::AtMost) => -1.0,
        Some(Relation::Equal { tolerance }) => tolerance,
    }
}

pub(crate) fn relation(code: f64) -> Option<Option<Relation>> {
    match code {
        -3.0 => Some(None),
        -2.0 => Some(Some(Relation::AtLeast)),
        -1.0 => Some(Some(Relation::AtMost)),
        tolerance if tolerance >= 0.0 => Some(Some(Relation::Equal { tolerance })),
        _ => None,
    }
}

const BEARINGS: [Bearing; 5] =
    [Bearing::Decides, Bearing::Upper, Bearing::Lower, Bearing::Illustrates, Bearing::OneOfAll];

pub(crate) fn put_evidence(piece: &mut Piece, evidence: &Evidence) {
    let Evidence { ln, ln_lo, ln_hi, method, work, observed, bearing, law } = evidence;
    let place = |place: Option<usize>| place.expect("the list has all of them") as f64;
    piece.numbers.extend([
        ln.unwrap_or(f64::NAN),
        *ln_lo,
        *ln_hi,
        place(Method::VARIANTS.iter().position(|known| known == method)),
        place(BEARINGS.iter().position(|known| known == bearing)),
        *work as f64,
        observed.len() as f64,
    ]);
    for Hypothesis { name, met } in observed {
        piece.numbers.push(met.map_or(f64::NAN, |met| f64::from(u8::from(met))));
        piece.texts.push(name.clone());
    }
    piece.texts.push(law.clone().unwrap_or_default());
}

pub(crate) fn evidence(reader: &mut Reader) -> Option<Evidence> {
    Some(Evidence {
        ln: Some(reader.number()?).filter(|ln| !ln.is_nan()),
        ln_lo: reader.number()?,
        ln_hi: reader.number()?,
        method: *Method::VARIANTS.get(reader.count()? as usize)?,
        bearing: *BEARINGS.get(reader.count()? as usize)?,
        work: reader.count()?,
        observed: reader.list(|reader| {
            let met = reader.number()?;
            Some(Hypothesis { name: reader.text()?.to_string(), met: (!met.is_nan()).then_some(met == 1.0) })
        })?,
        law: Some(reader.text()?.to_string()).filter(|law| !law.is_empty()),
    })
}

/// A text that lasts as long as the program: links are made of texts of the source, of which there are a few hundred.
pub(crate) fn lasting(text: &str) -> &'static str {
    static KNOWN: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut known = KNOWN.lock().expect("no holder of the lock panics");
    let known = known.get_or_insert_default();
    match known.get(text) {
        Some(known) => known,
        None => {
            let new: &'static str = text.to_string().leak();
            known.insert(new);
            new
        }
    }
}
