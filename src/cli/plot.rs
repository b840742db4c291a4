//! `lemmascope plot`: draws the plots of experiments from their records.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rayon::prelude::*;

use super::json::pretty;
use super::print;
use crate::error::Result;
use crate::experiment::{Experiment, Plot, read_all};
use crate::output::write_together;
use crate::plot;
use crate::record::Record;
use crate::report::folder::read_own;

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments; without any, all of the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records, where the plots go too.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    /// Print the files as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let experiments = read_all(&arguments.files)?;
    let records = experiments.iter().map(|own| read_own(own, &arguments.out)).collect::<Result<Vec<_>>>()?;
    let sets: Vec<(&Experiment, &[Record])> = experiments.iter().zip(records.iter().map(Vec::as_slice)).collect();
    let files = draw_all(&sets, &arguments.out)?;
    if arguments.json {
        print(&pretty(&files))?;
    } else {
        files.iter().try_for_each(|path| print(&path.display().to_string()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Draws every plot as SVG and PNG; returns the files.
pub fn draw_all(sets: &[(&Experiment, &[Record])], out: &Path) -> Result<Vec<PathBuf>> {
    let plots: Vec<(&Experiment, &[Record], &Plot)> = sets
        .iter()
        .flat_map(|(experiment, records)| experiment.plots.iter().map(move |plot| (*experiment, *records, plot)))
        .collect();
    let draw = |(experiment, records, plot): &(&Experiment, &[Record], &Plot)| {
        let picture = plot::draw(experiment, plot, records)?;
        let [svg, png] = experiment.plot_files(plot).map(|name| out.join(name));
        write_together(&[(&svg, picture.svg().into_bytes()), (&png, plot::png(&picture)?)])?;
        Ok(vec![svg, png])
    };
    Ok(plots.par_iter().map(draw).collect::<Result<Vec<_>>>()?.concat())
}
