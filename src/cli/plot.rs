//! `lemmascope plot`: draws the plots of experiments from their records.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::json::pretty;
use super::options::WatchArguments;
use super::print;
use super::progress::left;
use super::watch::{Show, Stop, Watch};
use crate::error::{Error, Result};
use crate::experiment::{Experiment, Plot, read_all};
use crate::hash::sha256_hex;
use crate::output::write_together;
use crate::record::{REVISION, Record};
use crate::show::plot;
use crate::show::report::folder::read_own;
use crate::store::{Address, Piece, Store};

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments' files; by default all in the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records, where the plots go too.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    #[command(flatten)]
    watch: WatchArguments,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let experiments = read_all(&arguments.files)?;
    let records = experiments.iter().map(|own| read_own(own, &arguments.out)).collect::<Result<Vec<_>>>()?;
    let sets: Vec<(&Experiment, &[Record])> = experiments.iter().zip(records.iter().map(Vec::as_slice)).collect();
    let drawn = AtomicUsize::new(0);
    let total: usize = experiments.iter().map(|experiment| experiment.plots.len()).sum();
    let line = |seconds: f64| {
        let drawn = drawn.load(Ordering::Relaxed);
        let rest = (drawn > 0).then(|| (total - drawn) as f64 * seconds / drawn as f64);
        format!("{drawn} of {total} plots, {seconds:.0} s{}", left(rest))
    };
    let stopped = |stop: Stop| {
        let drawn = drawn.load(Ordering::Relaxed);
        Err(Error::Interrupted(format!("{}: {drawn} of {total} plots are drawn", stop.reason)))
    };
    Watch::over(
        (arguments.watch.time_limit, arguments.watch.quiet),
        &Show { line: &line, stopped: &stopped },
        |watch| {
            let files = draw_all(&sets, &arguments.out, watch, &drawn, None)?;
            if arguments.watch.json {
                print(&pretty(&files))?;
            } else {
                files.iter().try_for_each(|path| print(&path.display().to_string()))?;
            }
            Ok(ExitCode::SUCCESS)
        },
    )
}

/// Draws every plot as SVG and PNG, counting them; returns the files. Those that a store knows to be drawn from the same records by the
/// same program are left alone.
pub fn draw_all(
    sets: &[(&Experiment, &[Record])],
    out: &Path,
    watch: &Watch,
    drawn: &AtomicUsize,
    store: Option<&Store>,
) -> Result<Vec<PathBuf>> {
    let plots: Vec<(&Experiment, &[Record], &Plot)> = sets
        .iter()
        .flat_map(|(experiment, records)| experiment.plots.iter().map(move |plot| (*experiment, *records, plot)))
        .collect();
    let draw = |(experiment, records, plot): &(&Experiment, &[Record], &Plot)| {
        if watch.is_stopped() {
            return Err(Error::Interrupted("interrupted".into()));
        }
        let [svg, png] = experiment.plot_files(plot).map(|name| out.join(name));
        let known = store.map(|store| (store, address(experiment, plot, out)));
        let hashes =
            || [&svg, &png].map(|path| std::fs::read(path).map_or_else(|_| String::new(), |file| sha256_hex(&file)));
        if known.as_ref().is_some_and(|(store, at)| store.find(at).is_some_and(|piece| piece.texts == hashes())) {
            drawn.fetch_add(1, Ordering::Relaxed);
            return Ok(vec![svg, png]);
        }
        let picture = plot::draw(experiment, plot, records)?;
        let files = [(&svg, picture.svg().into_bytes()), (&png, plot::png(&picture)?)];
        watch.writing(|| write_together(&files))?;
        if let Some((store, at)) = known {
            store.keep(at, Piece { numbers: Vec::new(), texts: hashes().to_vec() });
        }
        drawn.fetch_add(1, Ordering::Relaxed);
        Ok(vec![svg, png])
    };
    Ok(plots.par_iter().map(draw).collect::<Result<Vec<_>>>()?.concat())
}

/// Where a store keeps the hashes of a plot's files: an address of all that they are drawn from.
fn address(experiment: &Experiment, plot: &Plot, out: &Path) -> Address {
    let mut hash = Sha256::new();
    hash.update(format!("plot {REVISION} {} {} {plot:?}\n", experiment.title, experiment.design));
    hash.update(std::fs::read(out.join(format!("{}.csv", experiment.name))).unwrap_or_default());
    hash.finalize().into()
}
