//! Branch and bound: where the best slopes leave a gap, a neuron's sign is decided either way, and each way bounded by itself.

use std::collections::BinaryHeap;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rayon::prelude::*;

use super::descent::{Found, Pace, Plan};
use super::plane::SLOPES_BELOW;
use super::{Form, Known, Relaxation};
use crate::tickets::cnn::Image;
use crate::tickets::pruning::worst_case::Range;

/// How slopes are bettered at first, behind a branching, and where no sign is left to be decided.
const AT_FIRST: Pace = Pace { steps: 200, rate: 0.1, decay: 0.97 };
const BEHIND: Pace = Pace { steps: 20, rate: 0.1, decay: 0.97 };
const AT_LAST: Pace = Pace { steps: 2000, rate: 0.1, decay: 0.997 };

/// The nodes with the highest bounds that are branched at once, for each thread: between two such steps threads wait for each other.
const NODES_A_THREAD: usize = 8;

/// The part of a bound by which better slopes have to lower it to be looked for again.
const SETTLED: f64 = 1e-4;

/// Slopes, by neurons of open nodes, beyond which no more are made: a quarter of a gigabyte.
const MOST_TILTS: usize = 4_000_000;

/// A number whose sign decides what a function is: an input, or a number before a ReLU of the target or of the pruned network.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Number {
    Input(usize),
    Target(usize, usize),
    Other(usize, usize),
}

/// The sign that a number is known to have.
#[derive(Debug, Clone, Copy)]
struct Sign {
    number: Number,
    positive: bool,
}

/// A part of the inputs: those where some neurons have some signs.
struct Node {
    form: usize,
    signs: Vec<Sign>,
    plan: Plan,
    bound: f64,
    /// The number whose sign is to be decided next; none where all are known, so that better slopes are all that is left.
    next: Option<Number>,
    /// Whether better slopes do not help any more either.
    settled: bool,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.bound.total_cmp(&other.bound).is_eq()
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bound.total_cmp(&other.bound)
    }
}

/// What a branch and bound yields.
pub(in crate::tickets::pruning) struct Bounded {
    /// All forms are at most this over all inputs.
    pub(in crate::tickets::pruning) upper: f64,
    /// The best value that was seen at an input, and where.
    pub(in crate::tickets::pruning) lower: f64,
    pub(in crate::tickets::pruning) input: Option<Image>,
    /// Nodes that were bounded.
    pub(in crate::tickets::pruning) nodes: usize,
}

impl Relaxation<'_> {
    /// Bounds the largest of some forms of a layer, until it is `enough`, an input was found that reaches the bound, or the time is over.
    pub(super) fn branch(&self, layer: usize, forms: &[Form], enough: f64, until: Instant) -> Bounded {
        let neurons: usize = self.known.regions[..layer].iter().map(Vec::len).sum();
        let most = MOST_TILTS / neurons.max(1);
        if forms.len() > most {
            let bounds = forms.par_iter().map(|form| self.highest(layer, form, &SLOPES_BELOW));
            return Bounded { upper: bounds.reduce(|| enough, f64::max), lower: enough, input: None, nodes: 0 };
        }
        let over = || Instant::now() >= until || self.interrupted.load(Ordering::Relaxed);
        let root = |form: usize| {
            let found = self.descend_from_start(layer, &forms[form], (AT_FIRST, until));
            let next = self.worst_gap(&self.known, &found);
            (Node { form, signs: Vec::new(), plan: found.plan, bound: found.value, next, settled: false }, found.input)
        };
        let roots: Vec<(Node, Image)> = (0..forms.len()).into_par_iter().map(root).collect();
        let units: Vec<f64> = roots.iter().map(|(node, _)| node.bound.abs() / 20.0).collect();
        let mut bounded = Bounded { upper: f64::NEG_INFINITY, lower: enough, input: None, nodes: 0 };
        let mut open = BinaryHeap::new();
        let add = |nodes: Vec<(Node, Image)>, bounded: &mut Bounded, open: &mut BinaryHeap<Node>| {
            bounded.nodes += nodes.len();
            let value = |(node, input): &(Node, Image)| self.value(layer, &forms[node.form], input);
            let values: Vec<f64> = nodes.par_iter().map(value).collect();
            for ((node, input), value) in nodes.into_iter().zip(values) {
                if value > bounded.lower {
                    (bounded.lower, bounded.input) = (value, Some(input));
                }
                open.push(node);
            }
        };
        add(roots, &mut bounded, &mut open);
        let batch = NODES_A_THREAD * rayon::current_num_threads();
        while !over() && open.len() < most {
            let mut parents = Vec::new();
            while parents.len() < batch && open.peek().is_some_and(|node| node.bound > bounded.lower && !node.settled) {
                parents.extend(open.pop());
            }
            if parents.is_empty() {
                break;
            }
            let ways = parents.iter().flat_map(|node| {
                let signs = |number| [false, true].map(|positive| Some(Sign { number, positive })).to_vec();
                node.next.map_or(vec![None], signs).into_iter().map(move |sign| (node, sign))
            });
            let ways: Vec<(&Node, Option<Sign>)> = ways.collect();
            let child = |(node, sign): (&Node, Option<Sign>)| {
                self.child(layer, node, sign, (&forms[node.form], units[node.form], until))
            };
            add(ways.into_par_iter().map(child).collect(), &mut bounded, &mut open);
        }
        bounded.upper = open.peek().map_or(bounded.lower, |node| node.bound.max(bounded.lower));
        bounded
    }

    /// The part of a node where a number has a sign, or where all are known the node with better slopes.
    fn child(
        &self,
        of: usize,
        parent: &Node,
        sign: Option<Sign>,
        (form, unit, until): (&Form, f64, Instant),
    ) -> (Node, Image) {
        let signs = parent.signs.iter().copied().chain(sign).collect::<Vec<_>>();
        let known = self.narrowed(&signs);
        let pace = if sign.is_some() { BEHIND } else { AT_LAST };
        let found = self.descend(&known, of, form, parent.plan.clone(), (pace, until, unit));
        let bound = found.value.min(parent.bound);
        let next = self.worst_gap(&known, &found);
        let settled = sign.is_none() && parent.bound - bound <= SETTLED * parent.bound.abs();
        (Node { form: parent.form, signs, plan: found.plan, bound, next, settled }, found.input)
    }

    /// What is known where some numbers have a sign.
    fn narrowed(&self, signs: &[Sign]) -> Known {
        let mut known = self.known.clone();
        let narrow = |range: &mut Range, positive: bool| if positive { range.0 = 0.0 } else { range.1 = 0.0 };
        for &Sign { number, positive } in signs {
            match number {
                Number::Input(pixel) => {
                    let (rows, columns) = self.shapes[0];
                    let pixels = self.approximation.target().inputs() * rows * columns;
                    narrow(&mut known.inputs.get_or_insert_with(|| vec![(-1.0, 1.0); pixels])[pixel], positive);
                }
                Number::Target(layer, pixel) => narrow(&mut known.regions[layer][pixel].target, positive),
                Number::Other(layer, pixel) => known.regions[layer][pixel].other = Some(positive),
            }
        }
        known
    }

    /// The number of no known sign where the relaxation is highest above what it stands for.
    fn worst_gap(&self, known: &Known, found: &Found) -> Option<Number> {
        let neurons = found.gaps.iter().enumerate().flat_map(|(layer, gaps)| {
            gaps.iter().enumerate().filter_map(move |(pixel, &gap)| {
                let region = &known.regions[layer][pixel];
                let number =
                    if region.is_stable() { Number::Other(layer, pixel) } else { Number::Target(layer, pixel) };
                (!region.is_stable() || !region.is_other_stable()).then_some((gap, number))
            })
        });
        let inputs = found.of_inputs.iter().enumerate().filter_map(|(pixel, &gap)| {
            let range = known.inputs.as_ref().map_or((-1.0, 1.0), |inputs| inputs[pixel]);
            (gap > 0.0 && range.0 < 0.0 && range.1 > 0.0).then_some((gap, Number::Input(pixel)))
        });
        neurons.chain(inputs).max_by(|x, y| x.0.total_cmp(&y.0)).map(|(_, number)| number)
    }
}
