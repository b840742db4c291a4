//! Axes: what a parameter's or a value's place along an axis is, how far the axis reaches, and where it is ticked.

use std::f64::consts::LN_10;
use std::path::Path;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};

use crate::numeric::number;

/// How values become places along an axis.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// The place is the value.
    Linear,
    /// The place is the value's log10.
    Log,
    /// The place is the value near 0, and the log10 of its size, with its sign, far from it.
    SignedLog,
    /// The place is the word's number.
    Words(Vec<String>),
}

impl Scale {
    /// The place of a number.
    pub fn place(&self, value: f64) -> f64 {
        match self {
            Scale::Linear | Scale::Words(_) => value,
            Scale::Log => value.log10(),
            Scale::SignedLog => value.abs().ln_1p() / LN_10 * value.signum(),
        }
    }
}

/// A place that is ticked and labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// The place along the axis.
    pub at: f64,
    /// What stands there.
    pub label: String,
}

/// How much room an axis has for its labels.
pub struct Room<'a> {
    /// The axis' length in pixels.
    pub pixels: f64,
    /// The pixels that a label takes along the axis.
    pub label: &'a dyn Fn(&str) -> f64,
}

/// An axis: how far it reaches and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// The place where it begins.
    pub lo: f64,
    /// The place where it ends.
    pub hi: f64,
    /// Its ticks, in order.
    pub ticks: Vec<Tick>,
}

/// The part of an axis that stays free beyond the first and the last place.
const MARGIN: f64 = 0.05;
/// log10 of the numbers that are written out; others are written as powers of ten.
const WRITTEN_OUT: std::ops::RangeInclusive<f64> = -3.0..=5.0;

impl Axis {
    /// An axis that holds all `places`, which are finite and at least one.
    pub fn new(scale: &Scale, places: &[f64], room: &Room) -> Self {
        let (least, most) = extent(places);
        match scale {
            Scale::Linear => Self::linear(least, most, places.iter().all(|place| place.trunc() == *place), room),
            Scale::Log => Self::log(places, room),
            Scale::SignedLog => {
                let (lo, hi) = padded(least, most, (most - least).max(1.0));
                let powers = [(&[1.0, 3.0][..], 0, 1), (&[1.0], 0, 1), (&[1.0], 1, 1), (&[1.0], 1, 2), (&[1.0], 2, 4)];
                let candidates =
                    powers.into_iter().map(|(digits, first, step)| signed_ticks(lo, hi, digits, first, step));
                Axis { lo, hi, ticks: first_that_fits(candidates, hi - lo, room) }
            }
            Scale::Words(words) => {
                let (lo, hi) = (-0.5, words.len() as f64 - 0.5);
                let common = common_beginning(words);
                let ticks = |label: &dyn Fn(&str) -> String| {
                    words.iter().enumerate().map(|(i, word)| Tick { at: i as f64, label: label(word) }).collect()
                };
                let candidates = [ticks(&short), ticks(&|word| short(&word[common..]))];
                Axis { lo, hi, ticks: first_that_fits(candidates.into_iter(), hi - lo, room) }
            }
        }
    }

    fn linear(least: f64, most: f64, whole: bool, room: &Room) -> Self {
        let spread = if most > least { most - least } else { most.abs().max(1.0) };
        let (lo, hi) = padded(least, most, spread);
        if whole && least == most {
            return Axis { lo, hi, ticks: vec![Tick { at: least, label: minus(number(least)) }] };
        }
        let finest = (spread / 50.0).log10().floor() as i32;
        let steps = (finest..finest + 4).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| (digit, power)));
        let steps = steps.filter(|(digit, power)| !whole || digit * 10f64.powi(*power) >= 1.0);
        let candidates = steps.map(|(digit, power)| linear_ticks(lo, hi, digit, power));
        Axis { lo, hi, ticks: first_that_fits(candidates, hi - lo, room) }
    }

    fn log(places: &[f64], room: &Room) -> Self {
        let (least, most) = extent(places);
        let missing = (1.0 - (most - least)).max(0.0);
        let (lo, hi) = padded(least - 0.5 * missing, most + 0.5 * missing, most - least + missing);
        let ticks = if places.iter().all(|place| is_power_of_two(*place)) {
            let candidates = [1, 2, 3, 4, 6, 8, 12].map(|step| binary_ticks(lo, hi, step));
            first_that_fits(candidates.into_iter(), hi - lo, room)
        } else {
            let within = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0]].map(|digits| decimal_ticks(lo, hi, digits, 1));
            let steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 100_000];
            let whole = steps.map(|step| decimal_ticks(lo, hi, &[1.0], step));
            let few = usize::from(hi - lo > 2.5) * within.len();
            first_that_fits(within.into_iter().skip(few).chain(whole), hi - lo, room)
        };
        Axis { lo, hi, ticks }
    }

    /// The axis with room for `place` too; its ticks stay.
    pub fn reaching(mut self, place: f64) -> Self {
        self.lo = self.lo.min(place);
        self.hi = self.hi.max(place);
        self
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    /// Places beyond the axis, infinite ones too, stand at its end.
    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let part = (value.clamp(self.lo, self.hi) - self.lo) / (self.hi - self.lo);
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.at).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.lo..self.hi
    }
}

fn extent(places: &[f64]) -> (f64, f64) {
    places.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), place| (lo.min(*place), hi.max(*place)))
}

fn padded(lo: f64, hi: f64, spread: f64) -> (f64, f64) {
    (lo - MARGIN * spread, hi + MARGIN * spread)
}

/// A column's value as a figure writes it: `1e-9` as a power of ten, a file by its name alone, and a long word, such as a
/// target's coordinates, cut so that it can stand under an axis.
pub fn short(word: &str) -> String {
    const LONGEST: usize = 14;
    if let (Ok(_), Some((digits, power))) = (word.parse::<f64>(), word.split_once('e')) {
        return if digits == "1" { format!("10^{power}") } else { format!("{digits}×10^{power}") };
    }
    let word = match Path::new(word) {
        path if path.extension().is_some() && word.contains('/') => {
            path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(word)
        }
        _ => word,
    };
    if word.chars().count() <= LONGEST {
        return word.into();
    }
    word.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Of candidates from fine to coarse, the first whose labels do not touch; but never one with a single tick while a
/// finer one has two.
fn first_that_fits(candidates: impl Iterator<Item = Vec<Tick>>, span: f64, room: &Room) -> Vec<Tick> {
    let mut finer: Vec<Tick> = Vec::new();
    for ticks in candidates {
        if ticks.len() < 2 && finer.len() >= 2 {
            break;
        }
        let touch = |pair: &[Tick]| {
            let need = 0.5 * ((room.label)(&pair[0].label) + (room.label)(&pair[1].label));
            (pair[1].at - pair[0].at) / span * room.pixels < need
        };
        let fits = ticks.len() >= 2 && !ticks.windows(2).any(touch);
        finer = ticks;
        if fits {
            break;
        }
    }
    finer
}

/// The length of what all words begin with, up to a hyphen: `random-` of random-1 and random-2.
fn common_beginning(words: &[String]) -> usize {
    let beginning = |word: &String| word.rfind('-').map_or(0, |hyphen| hyphen + 1);
    let length = words.first().map_or(0, beginning);
    let is_common = words.iter().all(|word| beginning(word) == length && word[..length] == words[0][..length]);
    if is_common { length } else { 0 }
}

fn linear_ticks(lo: f64, hi: f64, digit: f64, power: i32) -> Vec<Tick> {
    let step = digit * 10f64.powi(power);
    let decimals = (-power).max(0) as usize;
    // Adding 0 turns a negative zero into a zero.
    let tick = |i: i64| i as f64 * step + 0.0;
    let range = (lo / step).ceil() as i64..=(hi / step).floor() as i64;
    range.map(|i| Tick { at: tick(i), label: minus(format!("{:.decimals$}", tick(i))) }).collect()
}

/// Ticks at digits times powers of ten, at every `step`-th power.
fn decimal_ticks(lo: f64, hi: f64, digits: &[f64], step: i64) -> Vec<Tick> {
    let powers = (lo.floor() as i64).div_euclid(step)..=(hi.ceil() as i64).div_euclid(step);
    let marks = powers.flat_map(|i| digits.iter().map(move |digit| (*digit, i * step)));
    let marks: Vec<(f64, i64)> =
        marks.filter(|(digit, power)| (lo..=hi).contains(&(*power as f64 + digit.log10()))).collect();
    let written_out = marks.iter().all(|(_, power)| WRITTEN_OUT.contains(&(*power as f64)));
    let label = |digit: f64, power: i64| match (written_out, digit == 1.0) {
        (true, _) => format!("{:.*}", (-power).max(0) as usize, digit * 10f64.powi(power as i32)),
        (false, true) if power == 0 => "1".into(),
        (false, true) => format!("10^{power}"),
        (false, false) => format!("{digit:.0}×10^{power}"),
    };
    marks.iter().map(|(d, power)| Tick { at: *power as f64 + d.log10(), label: label(*d, *power) }).collect()
}

/// Ticks at 0 and at digits times powers of ten of either sign, at every `step`-th power from the `first`.
fn signed_ticks(lo: f64, hi: f64, digits: &[f64], first: i32, step: usize) -> Vec<Tick> {
    let powers = (first..=lo.abs().max(hi.abs()).ceil() as i32).step_by(step);
    let sizes = powers.flat_map(|power| digits.iter().map(move |digit| digit * 10f64.powi(power)));
    let mut values: Vec<f64> = sizes.flat_map(|size| [-size, size]).chain([0.0]).collect();
    values.sort_by(f64::total_cmp);
    let tick = |value: &f64| Tick { at: Scale::SignedLog.place(*value), label: minus(number(*value)) };
    values.iter().map(tick).filter(|tick| (lo..=hi).contains(&tick.at)).collect()
}

/// Ticks at every `step`-th power of two.
fn binary_ticks(lo: f64, hi: f64, step: i64) -> Vec<Tick> {
    let two = 2f64.log10();
    let powers = ((lo / two).ceil() as i64..=(hi / two).floor() as i64).filter(|power| power.rem_euclid(step) == 0);
    let powers: Vec<i64> = powers.collect();
    let written_out = powers.iter().all(|power| (0..=16).contains(power));
    let label = |power: i64| if written_out { (1u64 << power).to_string() } else { format!("2^{power}") };
    powers.iter().map(|power| Tick { at: *power as f64 * two, label: label(*power) }).collect()
}

fn is_power_of_two(place: f64) -> bool {
    let power = place / 2f64.log10();
    (power - power.round()).abs() < 1e-9
}

fn minus(text: String) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale, places: &[f64]) -> Vec<String> {
        let room = Room { pixels: 240.0, label: &|label| 6.0 * label.chars().count() as f64 + 10.0 };
        let axis = Axis::new(scale, places, &room);
        assert!(places.iter().all(|place| (axis.lo..=axis.hi).contains(place)));
        axis.ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(labels(&Scale::Linear, &[0.0, 0.3, 1.0]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Scale::Linear, &[1.0, 3.0]), ["1", "2", "3"]);
        assert_eq!(labels(&Scale::Linear, &[-2.5, 2.5]), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(labels(&Scale::Log, &[-200.0, -10.0]), ["10^-200", "10^-150", "10^-100", "10^-50"]);
        assert_eq!(labels(&Scale::Log, &[-2.0, 0.0]), ["0.01", "0.03", "0.1", "0.3", "1"]);
        let slacks = [-8.0, 120.0].map(|slack| Scale::SignedLog.place(slack));
        assert_eq!(labels(&Scale::SignedLog, &slacks), ["−10", "−1", "0", "1", "10", "100"]);
        let slacks = [-8e3, 9e5].map(|slack| Scale::SignedLog.place(slack));
        assert_eq!(labels(&Scale::SignedLog, &slacks), ["−1000", "−10", "0", "10", "1000", "100000"]);
        let powers: Vec<f64> = (4..=16).map(|power| 2f64.powi(power).log10()).collect();
        assert_eq!(labels(&Scale::Log, &powers), ["64", "512", "4096", "32768"]);
    }

    #[test]
    fn odd_values_still_have_an_axis() {
        assert_eq!(labels(&Scale::Linear, &[256.0]), ["256"]);
        for scale in [Scale::Linear, Scale::Log] {
            for places in
                [vec![0.0], vec![-869.3], vec![5.0, 5.0], vec![1e-12, 2e-12], vec![-30_000.0, 0.0], vec![308.0]]
            {
                let labels = labels(&scale, &places);
                assert!((1..20).contains(&labels.len()), "{scale:?} {places:?}: {labels:?}");
            }
        }
    }

    #[test]
    fn words_stand_one_beside_the_other() {
        let words = Scale::Words(vec!["origin".into(), "[0.25, 0.25, 0.25]".into()]);
        assert_eq!(labels(&words, &[0.0, 1.0]), ["origin", "[0.25, 0.25, …"]);
        let many = Scale::Words((1..=40).map(|i| format!("random-{i}")).collect());
        assert_eq!(
            labels(&many, &[0.0, 1.0])[38..],
            ["39", "40"],
            "what all begin with is left out where it does not fit"
        );
        let few = Scale::Words((1..=2).map(|i| format!("random-{i}")).collect());
        assert_eq!(labels(&few, &[0.0, 1.0]), ["random-1", "random-2"]);
        assert_eq!([short("1e-9"), short("2.5e-7"), short("axis")], ["10^-9", "2.5×10^-7", "axis"]);
    }

    #[test]
    fn places_beyond_an_axis_stand_at_its_end() {
        let axis = Axis { lo: 0.0, hi: 2.0, ticks: Vec::new() };
        assert_eq!([f64::NEG_INFINITY, 1.0, 9.0].map(|place| axis.map(&place, (100, 0))), [100, 50, 0]);
    }
}
