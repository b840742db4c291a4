//! Axes: what a parameter's or a value's place along an axis is, how far the axis reaches, and where it is ticked.

use std::f64::consts::LN_10;
use std::path::Path;

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
    /// The place is that of the value's log10 on a [`Scale::SignedLog`]: near 1 by decades, far from it by decades of them.
    LogOfLog,
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
            Scale::LogOfLog => Scale::SignedLog.place(value.log10()),
        }
    }

    /// The place of a positive number that is given by its ln, also where it is outside f64's range.
    pub fn place_of_ln(&self, ln: f64) -> f64 {
        match self {
            Scale::Log => ln / LN_10,
            Scale::LogOfLog => Scale::SignedLog.place(ln / LN_10),
            _ => self.place(ln.exp()),
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
/// A log axis is at least this many decades long.
const SHORTEST: f64 = 0.6;
/// No axis has room for more ticks; candidates with more are not even made.
const MOST_TICKS: f64 = 60.0;

impl Axis {
    /// An axis that holds all `places`, which are finite and at least one.
    pub fn new(scale: &Scale, places: &[f64], room: &Room) -> Self {
        let (least, most) = extent(places);
        match scale {
            Scale::Linear => Self::linear(least, most, places.iter().all(|place| place.trunc() == *place), room),
            Scale::Log => Self::log(places, room),
            Scale::SignedLog => Self::signed(least, most, room, amount),
            Scale::LogOfLog => Self::signed(least, most, room, power_of_ten),
            Scale::Words(words) => {
                let (lo, hi) = (-0.5, words.len() as f64 - 0.5);
                let ticks = |labels: Vec<String>| {
                    labels.into_iter().enumerate().map(|(i, label)| Tick { at: i as f64, label }).collect()
                };
                let common = common_beginning(words);
                let ends: Vec<String> = words.iter().map(|word| word[common..].into()).collect();
                let candidates = [words, &ends].map(|words| ticks(shorts(words)));
                Axis { lo, hi, ticks: first_that_fits(candidates.into_iter(), hi - lo, room) }
            }
        }
    }

    fn linear(least: f64, most: f64, whole: bool, room: &Room) -> Self {
        let spread = if most > least { most - least } else { most.abs().max(1.0) };
        let (lo, hi) = padded(least, most, spread);
        if whole && least == most {
            return Axis { lo, hi, ticks: vec![Tick { at: least, label: amount(least) }] };
        }
        let steps = nice_steps(spread).filter(|(digit, power)| !whole || digit * 10f64.powi(*power) >= 1.0);
        let candidates = steps.map(|(digit, power)| linear_ticks(lo, hi, digit, power));
        Axis { lo, hi, ticks: first_that_fits(candidates, hi - lo, room) }
    }

    fn log(places: &[f64], room: &Room) -> Self {
        let (least, most) = extent(places);
        let missing = (SHORTEST - (most - least)).max(0.0);
        let (lo, hi) = padded(least - 0.5 * missing, most + 0.5 * missing, most - least + missing);
        let ticks = if are_binary(places) {
            let steps = (0..).map(|i| [1, 2, 3, 4, 6, 8][i % 6] * 10i64.pow((i / 6) as u32)).take(48);
            first_that_fits(steps.map(|step| binary_ticks(lo, hi, step)), hi - lo, room)
        } else {
            const DIGITS: [&[f64]; 3] = [&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[1.0, 2.0, 5.0], &[1.0, 3.0]];
            let within = DIGITS.into_iter().map(|digits| decimal_ticks(lo, hi, digits, 1.0));
            let decades =
                nice_steps(hi - lo).map(|(digit, power)| digit * 10f64.powi(power)).filter(|step| *step >= 1.0);
            let whole = decades.map(|step| decimal_ticks(lo, hi, &[1.0], step));
            let coarse = usize::from(hi - lo > 1.2) + 2 * usize::from(hi - lo > 2.5);
            first_that_fits(within.skip(coarse).chain([decimal_ticks(lo, hi, &[1.0], 1.0)]).chain(whole), hi - lo, room)
        };
        Axis { lo, hi, ticks }
    }

    /// An axis along which 0 and both signs have their place; `label` names a value.
    fn signed(least: f64, most: f64, room: &Room, label: fn(f64) -> String) -> Self {
        // On an axis of this length lies 0 or a power of ten.
        let missing = (1.2 - (most - least)).max(0.0);
        let (lo, hi) = padded(least - 0.5 * missing, most + 0.5 * missing, (most - least).max(1.0));
        let powers = [
            (&[1.0, 2.0, 3.0, 5.0][..], 0, 1),
            (&[1.0, 3.0], 0, 1),
            (&[1.0], 0, 1),
            (&[1.0], 1, 1),
            (&[1.0], 1, 2),
            (&[1.0], 2, 4),
            (&[1.0], 10, 10),
            (&[1.0], 20, 20),
            (&[1.0], 50, 50),
            (&[1.0], 100, 100),
        ];
        let candidates =
            powers.into_iter().map(|(digits, first, step)| signed_ticks(lo, hi, digits, first, step, label));
        Axis { lo, hi, ticks: first_that_fits(candidates, hi - lo, room) }
    }

    /// The axis with room for `place` too; its ticks stay.
    pub fn reaching(mut self, place: f64) -> Self {
        self.lo = self.lo.min(place);
        self.hi = self.hi.max(place);
        self
    }

    /// The axis with these ticks, where there are few enough that their labels do not touch.
    pub fn ticked_at(mut self, ticks: Vec<Tick>, room: &Room) -> Self {
        if !touch(&ticks, self.hi - self.lo, room) {
            self.ticks = ticks;
        }
        self
    }

    /// Which part of the axis lies before a place; places beyond it, infinite ones too, stand at its end.
    pub fn part(&self, place: f64) -> f64 {
        (place.clamp(self.lo, self.hi) - self.lo) / (self.hi - self.lo)
    }

    /// Whether the labels cannot stand beside each other.
    pub fn is_crowded(&self, room: &Room) -> bool {
        touch(&self.ticks, self.hi - self.lo, room)
    }
}

/// The least and the most of all.
pub fn extent(places: &[f64]) -> (f64, f64) {
    places.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), place| (lo.min(*place), hi.max(*place)))
}

/// The ends moved outwards by a margin, which is never nothing.
fn padded(lo: f64, hi: f64, spread: f64) -> (f64, f64) {
    let margin = (MARGIN * spread).max(4.0 * f64::EPSILON * lo.abs().max(hi.abs())).max(f64::MIN_POSITIVE);
    (lo - margin, hi + margin)
}

/// Steps of 1, 2 and 5 times powers of ten, from a fiftieth of the spread to more than all of it.
fn nice_steps(spread: f64) -> impl Iterator<Item = (f64, i32)> {
    let finest = (spread / 50.0).log10().floor().max(-307.0) as i32;
    (finest..finest + 4).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| (digit, power)))
}

/// A column's value as a figure writes it: `1e-9` as a power of ten, a file by its name alone, and a long word, such as a
/// target's coordinates, cut so that it can stand under an axis.
pub fn short(word: &str) -> String {
    cut_to(word, 14)
}

/// As [`short`], but never two different words alike: longer, or without what all begin with, or else numbered.
pub fn shorts(words: &[String]) -> Vec<String> {
    let differ = |labels: &[String]| {
        let mut sorted: Vec<&String> = labels.iter().collect();
        sorted.sort();
        sorted.windows(2).all(|pair| pair[0] != pair[1])
    };
    let common = words.iter().skip(1).fold(words.first().map_or(0, String::len), |common, word| {
        let same = words[0].char_indices().zip(word.chars()).find(|((_, a), b)| a != b);
        same.map_or(word.len(), |((at, _), _)| at).min(common)
    });
    let end = |word: &String| format!("…{}", cut_to(word.get(common..).unwrap_or(word), 13));
    let candidates = [words.iter().map(|word| short(word)).collect(), words.iter().map(end).collect::<Vec<_>>()];
    let numbered = || words.iter().enumerate().map(|(i, word)| format!("{} ({})", cut_to(word, 10), i + 1)).collect();
    candidates.into_iter().find(|labels| differ(labels)).unwrap_or_else(numbered)
}

fn cut_to(word: &str, longest: usize) -> String {
    if let (Ok(_), Some((digits, power))) = (word.parse::<f64>(), word.split_once('e')) {
        return if digits == "1" { format!("10^{power}") } else { format!("{digits}×10^{power}") };
    }
    let word = match Path::new(word) {
        path if path.extension().is_some() && word.contains('/') => {
            path.file_stem().and_then(|stem| stem.to_str()).unwrap_or(word)
        }
        _ => word,
    };
    if word.chars().count() <= longest {
        return word.into();
    }
    word.chars().take(longest - 1).chain(['…']).collect()
}

/// Of candidates from fine to coarse, the first whose labels do not touch; but never one with a single tick while a
/// finer one has two.
fn first_that_fits(candidates: impl Iterator<Item = Vec<Tick>>, span: f64, room: &Room) -> Vec<Tick> {
    let mut finer: Vec<Tick> = Vec::new();
    for ticks in candidates {
        if ticks.len() < 2 && finer.len() >= 2 {
            break;
        }
        let fits = ticks.len() >= 2 && !touch(&ticks, span, room);
        finer = ticks;
        if fits {
            break;
        }
    }
    finer
}

/// Whether labels of neighbouring ticks touch.
fn touch(ticks: &[Tick], span: f64, room: &Room) -> bool {
    ticks.windows(2).any(|pair| {
        let need = 0.5 * ((room.label)(&pair[0].label) + (room.label)(&pair[1].label));
        (pair[1].at - pair[0].at) / span * room.pixels < need
    })
}

/// The length of what all words begin with, up to a hyphen: `random-` of random-1 and random-2.
fn common_beginning(words: &[String]) -> usize {
    let beginning = |word: &String| word.rfind('-').map_or(0, |hyphen| hyphen + 1);
    let length = words.first().map_or(0, beginning);
    let is_common =
        |word: &String| beginning(word) == length && length < word.len() && word[..length] == words[0][..length];
    if words.iter().all(is_common) { length } else { 0 }
}

/// The whole numbers of steps within the axis; none where there are more than ticks have room.
fn steps(lo: f64, hi: f64, step: f64) -> std::ops::RangeInclusive<i64> {
    let (first, last) = ((lo / step).ceil(), (hi / step).floor());
    #[expect(clippy::reversed_empty_ranges, reason = "no tick")]
    if last - first <= MOST_TICKS && first.abs().max(last.abs()) < 9e18 { first as i64..=last as i64 } else { 1..=0 }
}

fn linear_ticks(lo: f64, hi: f64, digit: f64, power: i32) -> Vec<Tick> {
    let step = digit * 10f64.powi(power);
    let largest = lo.abs().max(hi.abs()).log10().floor();
    // The digits that distinguish a tick from the next; a number beyond them is written as a power of ten times what is left.
    let written = WRITTEN_OUT.contains(&largest) || (0.0..7.0).contains(&largest);
    let shift = if written { 0 } else { largest as i32 };
    let decimals = (shift - power).clamp(0, 17) as usize;
    // Adding 0 turns a negative zero into a zero.
    let tick = |i: i64| i as f64 * step + 0.0;
    let label = |value: f64| match shift {
        0 => format!("{value:.decimals$}"),
        _ if value == 0.0 => "0".into(),
        _ => format!("{:.decimals$}×10^{shift}", value / 10f64.powi(shift)),
    };
    let mut ticks: Vec<Tick> =
        steps(lo, hi, step).map(|i| Tick { at: tick(i), label: minus(label(tick(i))) }).collect();
    // Steps below the numbers' precision give no two places.
    ticks.dedup_by(|later, earlier| later.at <= earlier.at);
    ticks
}

/// Ticks at digits times powers of ten, at every `step`-th power.
fn decimal_ticks(lo: f64, hi: f64, digits: &[f64], step: f64) -> Vec<Tick> {
    let marks = steps(lo - 1.0, hi, step).flat_map(|i| digits.iter().map(move |digit| (*digit, i as f64 * step)));
    let marks: Vec<(f64, f64)> = marks.filter(|(digit, power)| (lo..=hi).contains(&(power + digit.log10()))).collect();
    // Within one axis, powers are written in one way.
    let all_written = marks.iter().all(|(digit, power)| WRITTEN_OUT.contains(&(power + digit.log10())));
    let label = |digit: f64, power: f64| match (all_written, digit == 1.0) {
        (true, _) => number(format!("{digit:.0}e{power:.0}").parse().unwrap_or(digit)),
        (false, true) if power == 0.0 => "1".into(),
        (false, true) if power == 1.0 => "10".into(),
        (false, true) => format!("10^{{{}}}", exponent(power)),
        (false, false) => format!("{digit:.0}×10^{{{}}}", exponent(power)),
    };
    marks.iter().map(|(d, power)| Tick { at: power + d.log10(), label: label(*d, *power) }).collect()
}

/// Ticks at 0 and at digits times powers of ten of either sign, at every `step`-th power from the `first`.
fn signed_ticks(lo: f64, hi: f64, digits: &[f64], first: i32, step: usize, label: fn(f64) -> String) -> Vec<Tick> {
    let powers = (first..=lo.abs().max(hi.abs()).min(300.0).ceil() as i32).step_by(step);
    // Read as text, a power of ten is the nearest number to it.
    let ten_to = |power: i32| format!("1e{power}").parse().unwrap_or(f64::INFINITY);
    let sizes = powers.flat_map(|power| digits.iter().map(move |digit| digit * ten_to(power)));
    let mut values: Vec<f64> = sizes.flat_map(|size| [-size, size]).chain([0.0]).collect();
    values.sort_by(f64::total_cmp);
    let tick = |value: &f64| Tick { at: Scale::SignedLog.place(*value), label: label(*value) };
    values.iter().map(tick).filter(|tick| (lo..=hi).contains(&tick.at)).collect()
}

/// Ticks at every `step`-th power of two.
fn binary_ticks(lo: f64, hi: f64, step: i64) -> Vec<Tick> {
    let two = 2f64.log10();
    let powers: Vec<i64> = steps(lo, hi, two * step as f64).map(|i| i * step).collect();
    let written_out = powers.iter().all(|power| (0..=16).contains(power));
    let label = |power: i64| if written_out { (1u64 << power).to_string() } else { minus(format!("2^{{{power}}}")) };
    powers.iter().map(|power| Tick { at: *power as f64 * two, label: label(*power) }).collect()
}

/// Whether the places, or half of them with the first and the last, are powers of two.
fn are_binary(places: &[f64]) -> bool {
    let is_power = |place: &f64| {
        let power = place / 2f64.log10();
        power.abs() < 1e5 && (power - power.round()).abs() < 1e-9
    };
    let mut places = places.to_vec();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let ends = places.first().is_some_and(is_power) && places.last().is_some_and(is_power);
    ends && 2 * places.iter().filter(|place| is_power(place)).count() >= places.len()
}

/// A number, written out or as a power of ten.
fn amount(value: f64) -> String {
    let size = value.abs();
    let power = size.log10().round();
    if value == 0.0 || WRITTEN_OUT.contains(&size.log10()) {
        minus(number(value))
    } else if number(size) == number(format!("1e{power:.0}").parse().unwrap_or(0.0)) {
        format!("{}10^{{{}}}", if value < 0.0 { "−" } else { "" }, exponent(power))
    } else {
        let power = size.log10().floor();
        let digits = (value / 10f64.powf(power) * 100.0).round() / 100.0;
        minus(format!("{}×10^{{{}}}", number(digits), exponent(power)))
    }
}

/// Ten to a power, as text.
fn power_of_ten(power: f64) -> String {
    if (-3.0..=3.0).contains(&power) {
        number(format!("1e{power:.0}").parse().unwrap_or(1.0))
    } else {
        format!("10^{{{}}}", exponent(power))
    }
}

/// A number as an exponent; a long one is a power of ten itself.
fn exponent(power: f64) -> String {
    let size = power.abs();
    if size < 1e5 {
        return minus(number(power));
    }
    let ten = size.log10().floor();
    let digits = number((size / 10f64.powf(ten) * 10.0).round() / 10.0);
    let factor = if digits == "1" { String::new() } else { format!("{digits}×") };
    let raised: String = format!("{ten:.0}").chars().filter_map(superscript).collect();
    format!("{}{factor}10{raised}", if power < 0.0 { "−" } else { "" })
}

fn superscript(digit: char) -> Option<char> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit.to_digit(10)? as usize)
}

/// Numbers with the sign that is as long as a plus.
fn minus(text: String) -> String {
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale, places: &[f64]) -> Vec<String> {
        let room = Room {
            pixels: 240.0,
            label: &|label| 6.0 * label.chars().filter(|c| !"^{}".contains(*c)).count() as f64 + 10.0,
        };
        let axis = Axis::new(scale, places, &room);
        assert!(places.iter().all(|place| (axis.lo..=axis.hi).contains(place)));
        axis.ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn hundreds_of_decades_of_both_signs_have_labels_that_stand_apart() {
        let room = Room { pixels: 250.0, label: &|_| 13.0 };
        let axis = Axis::new(&Scale::SignedLog, &[0.0, 305.0], &room);
        assert!(!axis.is_crowded(&room) && axis.ticks.len() > 5, "{:?}", axis.ticks);
        let label = |tick: &Tick| tick.label == "0" || tick.label.starts_with("10^{");
        assert!(axis.ticks.iter().all(label), "{:?}", axis.ticks);
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(labels(&Scale::Linear, &[0.0, 0.3, 1.0]), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&Scale::Linear, &[1.0, 3.0]), ["1", "2", "3"]);
        assert_eq!(labels(&Scale::Linear, &[-2.5, 2.5]), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(labels(&Scale::Log, &[-200.0, -10.0]), ["10^{−200}", "10^{−150}", "10^{−100}", "10^{−50}"]);
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
        assert_eq!([f64::NEG_INFINITY, 1.0, 9.0].map(|place| axis.part(place)), [0.0, 0.5, 1.0]);
    }

    /// Also where an axis spans more decades than memory has room for ticks.
    #[test]
    fn every_range_has_its_few_ticks_at_once() {
        let powers = [-1e17, -4.3e15, -1e7, -800.0, -1.0, -1e-9, 0.0, 1e-300, 1.0, 308.0, 1e9, 1e15];
        for scale in [Scale::Linear, Scale::Log, Scale::SignedLog, Scale::LogOfLog] {
            for (i, lo) in powers.iter().enumerate() {
                for hi in &powers[i..] {
                    let places = [*lo, *hi].map(|value| match scale {
                        Scale::Linear | Scale::Log => value,
                        _ => Scale::SignedLog.place(value),
                    });
                    let labels = labels(&scale, &places);
                    assert!((1..=60).contains(&labels.len()), "{scale:?} {lo} {hi}: {labels:?}");
                    assert!(
                        labels.iter().all(|label| label.chars().count() < 26 && !label.contains('-')),
                        "{labels:?}"
                    );
                }
            }
        }
        assert_eq!(labels(&Scale::Log, &[-3e7, 0.0]), ["10^{−3×10⁷}", "10^{−2×10⁷}", "10^{−10⁷}", "1"]);
    }

    #[test]
    fn one_band_and_a_far_value_are_both_read() {
        let places = [0.0, -1.0, -2.0, -97.0].map(|power| Scale::LogOfLog.place_of_ln(power * LN_10));
        let ticks = labels(&Scale::LogOfLog, &places);
        assert!(ticks.len() >= 4 && ticks[0] == "10^{−100}" && ticks[ticks.len() - 2..] == ["0.1", "1"], "{ticks:?}");
        assert!((places[2] - places[0]).abs() > 0.2 * (places[3] - places[0]).abs());
    }

    #[test]
    fn different_words_have_different_labels() {
        let words = ["a-very-long-name-of-a-network-1", "a-very-long-name-of-a-network-2"].map(String::from);
        assert_eq!(shorts(&words), ["…1", "…2"]);
        let words =
            ["x-aaaaaaaaaaaaaaaaaaaa-1", "y-aaaaaaaaaaaaaaaaaaaa-1", "y-aaaaaaaaaaaaaaaaaaaa-2"].map(String::from);
        let labels = shorts(&words);
        assert!(labels[1] != labels[2] && labels[0] != labels[1], "{labels:?}");
        assert_eq!(shorts(&["axis".to_string(), "origin".to_string()]), ["axis", "origin"]);
    }

    #[test]
    fn mostly_powers_of_two_are_ticked_as_such() {
        let places: Vec<f64> = [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 64.0, 256.0].map(f64::log10).to_vec();
        let ticks = labels(&Scale::Log, &places);
        assert!(ticks.contains(&"64".to_string()) && ticks.contains(&"256".to_string()), "{ticks:?}");
    }
}
