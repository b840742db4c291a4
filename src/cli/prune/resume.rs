//! Checkpoints of a pruning: which filters each finished layer keeps. The filters themselves are drawn again.

use std::path::Path;

use super::{Arguments, note};
use crate::error::{Error, Result};
use crate::hash::sha256_hex;
use crate::run::checkpoint::{self, Measured, Progress};
use crate::tickets::cnn::Network;
use crate::tickets::pruning::{ChannelResult, Design, PrunedKernel, SeededPair, Sign, Status};

/// The name of the checkpoint beside those of runs.
const PART: &str = "prune";
/// What [`hash`] hashes.
const PARTS: &str = "target, biases, width, eps, size, scale, seed, filters, law, leak, direct, effort or version";

/// A hash of everything that decides which filters are kept.
pub(super) fn hash(design: &Design, target: &Network) -> String {
    let mut bytes = format!("prune {} {design:?} {}\n", env!("CARGO_PKG_VERSION"), target.leak()).into_bytes();
    for (layer, role) in target.layers().iter().zip(target.roles()) {
        bytes.extend(format!("{:?} {}\n", layer.shape(), role.fixed).into_bytes());
        bytes.extend(layer.kernel.data().iter().flat_map(|x| x.to_le_bytes()));
    }
    sha256_hex(&bytes)
}

/// The layers that an interrupted run of this design has finished, if they are to be taken over.
pub(super) fn take_over(
    arguments: &Arguments,
    design: &Design,
    target: &Network,
) -> Result<Vec<PrunedKernel<SeededPair>>> {
    let (out, hash) = (&arguments.out, hash(design, target));
    if !arguments.resume {
        if !checkpoint::own_files(out, &hash).is_empty() {
            note("checkpoints of this run are here and not used; --resume continues from them");
        }
        return Ok(Vec::new());
    }
    let progress = checkpoint::read_all(out, &hash, PARTS)?;
    // Layers are finished one after another.
    target
        .places()
        .map_while(|index| progress.get(&index).map(|measured| (index, measured)))
        .map(restore(design, target))
        .collect()
}

fn restore<'a>(
    design: &'a Design,
    target: &'a Network,
) -> impl Fn((usize, &Measured)) -> Result<PrunedKernel<SeededPair>> + 'a {
    move |(index, measured)| {
        let channels = measured.rows.iter().map(|row| parse(row)).collect::<Option<Vec<ChannelResult>>>();
        let damaged = || Error::Damaged("a checkpoint is not this program's: delete it and run again".into());
        design.restore_layer(target, index, channels.ok_or_else(damaged)?)
    }
}

/// Saves the layers that are finished.
pub(super) fn save(out: &Path, design: &Design, target: &Network, layers: &[PrunedKernel<SeededPair>]) -> Result<()> {
    let hash = hash(design, target);
    let rows = |layer: &PrunedKernel<SeededPair>| layer.channels().iter().map(row).collect();
    let progress: Progress =
        target.places().zip(layers.iter().map(|layer| Measured { rows: rows(layer), seconds: 0.0 })).collect();
    checkpoint::write(&checkpoint::path(out, &hash, PART), &hash, &progress)
}

fn row(result: &ChannelResult) -> Vec<String> {
    let kept: Vec<String> = result.kept.iter().map(usize::to_string).collect();
    let sign = if result.sign == Sign::Positive { "+" } else { "-" };
    let status = match result.status {
        Status::Found => "found",
        Status::None => "none",
        Status::GaveUp => "gave-up",
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
