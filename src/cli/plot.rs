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
use crate::record::{self, Record};

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
    let records = record::read_all(experiments.iter().map(|e| e.name.as_str()), &arguments.out)?;
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
        let svg = plot::svg(experiment, plot, records)?;
        let png = plot::png(&svg)?;
        let path = |ending: &str| out.join(format!("{}.{}.{ending}", experiment.name, plot.name));
        write_together(&[(path("svg"), svg.as_bytes()), (path("png"), &png)])?;
        Ok(vec![path("svg"), path("png")])
    };
    Ok(plots.par_iter().map(draw).collect::<Result<Vec<_>>>()?.concat())
}
