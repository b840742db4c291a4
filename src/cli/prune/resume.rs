//! Checkpoints of a pruning: which filters each finished layer keeps. The filters themselves are drawn again.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::{Arguments, note};
use crate::error::{Error, Result};
use crate::hash::sha256_hex;
use crate::run::checkpoint::{self, Measured, Progress};
use crate::tickets::cnn::Network;
use crate::tickets::pruning::{ChannelResult, Design, PrunedKernel, SeededPair, Sign, Status};

/// The name of the checkpoint beside those of runs.
const PART: &str = "prune";
/// What [`hash`] hashes.
const PARTS: &str =
    "target, biases, width, eps, size, scale, seed, filters, law, leak, direct, drop-silent, effort or version";

/// A hash of everything that decides which filters are kept.
pub(super) fn hash(design: &Design, target: &Network) -> String {
    let mut bytes = format!("prune {} {design:?} {}\n", env!("CARGO_PKG_VERSION"), target.leak()).into_bytes();
    for (layer, role) in target.layers().iter().zip(target.roles()) {
        bytes.extend(format!("{:?} {}\n", layer.shape(), role.fixed).into_bytes());
        bytes.extend(layer.kernel.data().iter().flat_map(|x| x.to_le_bytes()));
    }
    sha256_hex(&bytes)
}

/// What an interrupted run has done: whole layers, and channels of the next.
pub(super) struct Done {
    pub(super) layers: Vec<PrunedKernel<SeededPair>>,
    pub(super) channels: Vec<ChannelResult>,
}

/// What an interrupted run of this design has done, if that is to be taken over.
pub(super) fn take_over(arguments: &Arguments, design: &Design, target: &Network) -> Result<Done> {
    let (out, hash) = (&arguments.out, hash(design, target));
    let mut done = Done { layers: Vec::new(), channels: Vec::new() };
    if !arguments.resume {
        if !checkpoint::own_files(out, &hash).is_empty() {
            note("checkpoints of this run are here and not used; --resume continues from them");
        }
        return Ok(done);
    }
    let progress = checkpoint::read_all(out, &hash, PARTS)?;
    // Layers are finished one after another.
    for index in target.places() {
        let Some(measured) = progress.get(&index) else { break };
        let channels = channels(measured)?;
        if channels.len() < design.searches(&target.layers()[index]) {
            done.channels = channels;
            break;
        }
        done.layers.push(design.restore_layer(target, index, channels)?);
    }
    Ok(done)
}

fn channels(measured: &Measured) -> Result<Vec<ChannelResult>> {
    let channels = measured.rows.iter().map(|row| parse(row)).collect::<Option<Vec<ChannelResult>>>();
    channels.ok_or_else(|| Error::Damaged("a checkpoint is not this program's: delete it and run again".into()))
}

/// Saves the layers that are finished, and those channels of the next that are solved.
pub(super) fn save(
    out: &Path,
    design: &Design,
    target: &Network,
    layers: &[PrunedKernel<SeededPair>],
    solved: &[ChannelResult],
) -> Result<()> {
    let hash = hash(design, target);
    let measured = |channels: &[ChannelResult]| Measured { rows: channels.iter().map(row).collect(), seconds: 0.0 };
    let of_layers = layers.iter().map(|layer| measured(layer.channels()));
    let partly = (!solved.is_empty()).then(|| measured(solved));
    let progress: Progress = target.places().zip(of_layers.chain(partly)).collect();
    checkpoint::write(&checkpoint::path(out, &hash, PART), &hash, &progress)
}

/// The channels of a layer that are solved, saved every so often.
pub(super) struct Solved<'a> {
    out: &'a Path,
    design: &'a Design,
    target: &'a Network,
    layers: &'a [PrunedKernel<SeededPair>],
    state: Mutex<State>,
}

struct State {
    channels: Vec<ChannelResult>,
    saved: Instant,
    /// Whether all could be written.
    outcome: Result<()>,
}

/// Between two savings within a layer.
const BETWEEN: Duration = Duration::from_secs(10);

impl<'a> Solved<'a> {
    pub(super) fn new(
        out: &'a Path,
        (design, target): (&'a Design, &'a Network),
        layers: &'a [PrunedKernel<SeededPair>],
        known: Vec<ChannelResult>,
    ) -> Self {
        let state = Mutex::new(State { channels: known, saved: Instant::now(), outcome: Ok(()) });
        Solved { out, design, target, layers, state }
    }

    /// Takes a result, and saves all if that is due.
    pub(super) fn add(&self, result: &ChannelResult) {
        let mut state = self.state.lock().expect("no holder of the lock panics");
        state.channels.push(result.clone());
        if state.saved.elapsed() >= BETWEEN && state.outcome.is_ok() {
            state.outcome = save(self.out, self.design, self.target, self.layers, &state.channels);
            state.saved = Instant::now();
        }
    }

    /// Saves what there is, unless that failed before.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn save(self) -> Result<()> {
        let state = self.state.into_inner().expect("no holder of the lock panics");
        state.outcome?;
        save(self.out, self.design, self.target, self.layers, &state.channels)
    }
}

fn row(result: &ChannelResult) -> Vec<String> {
    let kept: Vec<String> = result.kept.iter().map(usize::to_string).collect();
    let sign = if result.sign == Sign::Positive { "+" } else { "-" };
    let status = match result.status {
        Status::Found => "found",
        Status::None => "none",
        Status::GaveUp => "gave-up",
        Status::Silent => "silent",
    };
    vec![
        result.channel.to_string(),
        sign.into(),
        result.candidates.to_string(),
        status.into(),
        result.error.to_string(),
        kept.join(" "),
    ]
}

fn parse(row: &[String]) -> Option<ChannelResult> {
    let [channel, sign, candidates, status, error, kept] = row else { return None };
    Some(ChannelResult {
        channel: channel.parse().ok()?,
        sign: match sign.as_str() {
            "+" => Sign::Positive,
            "-" => Sign::Negative,
            _ => return None,
        },
        candidates: candidates.parse().ok()?,
        kept: kept.split_whitespace().map(|filter| filter.parse().ok()).collect::<Option<Vec<usize>>>()?,
        error: error.parse().ok()?,
        status: match status.as_str() {
            "found" => Status::Found,
            "none" => Status::None,
            "gave-up" => Status::GaveUp,
            "silent" => Status::Silent,
            _ => return None,
        },
        solver: SOLVER,
    })
}

/// The name of a design's search.
const SOLVER: &str = "search";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_back_as_they_were() {
        for (sign, status, kept) in
            [(Sign::Positive, Status::Found, vec![1, 5, 9]), (Sign::Negative, Status::GaveUp, vec![])]
        {
            let result =
                ChannelResult { channel: 3, sign, candidates: 17, kept, error: 0.1 + 0.2, status, solver: SOLVER };
            assert_eq!(parse(&row(&result)), Some(result));
        }
        assert_eq!(parse(&["0".into()]), None);
    }
}
