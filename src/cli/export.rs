//! `lemmascope export`: figures, tables and data for a paper, from records alone.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;

use super::json::pretty;
use super::options::WatchArguments;
use super::print;
use super::report::searches;
use super::watch::{Show, Stop, Watch};
use crate::error::{Error, Result};
use crate::experiment::read_all;
use crate::output::{writable_folder, write_together};
use crate::show::export::Export;
use crate::show::plot::{Face, Paper, Style};
use crate::show::report::folder::Folder;
use crate::show::report::sections;
use crate::show::summary::tally;

#[derive(clap::Args)]
pub struct Arguments {
    /// The experiments' files; by default all whose records are there and whose definitions lie in the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records.
    #[arg(long, default_value = "results")]
    results: PathBuf,
    /// The folder for figures, pgfplots sources, tables and the data package.
    #[arg(long, default_value = "paper")]
    out: PathBuf,
    /// The figures' width, such as that of a column: 84mm, 8.4cm, 3.3in or 240pt.
    #[arg(long, default_value = "84mm", value_parser = parse_length)]
    width: Length,
    /// The figures' font.
    #[arg(long, value_enum, default_value = "sans")]
    font: FontName,
    /// The size of the figures' ticks and legend, such as 8pt.
    #[arg(long, default_value = "8pt", value_parser = parse_length)]
    size: Length,
    #[command(flatten)]
    watch: WatchArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum FontName {
    /// DejaVu Sans Condensed.
    Sans,
    /// DejaVu Serif Condensed.
    Serif,
}

/// A length as it was written, and in points of print.
#[derive(Clone)]
struct Length {
    text: String,
    points: f64,
}

/// Reads a length.
fn parse_length(text: &str) -> std::result::Result<Length, String> {
    let units = [("mm", 72.0 / 25.4), ("cm", 72.0 / 2.54), ("in", 72.0), ("pt", 72.0 / 72.27)];
    let read = units.into_iter().find_map(|(unit, points)| {
        let number = text.trim().strip_suffix(unit)?.trim().parse::<f64>().ok()?;
        Some(Length { text: format!("{number}{unit}"), points: number * points })
    });
    read.filter(|length| (1.0..=3000.0).contains(&length.points))
        .ok_or_else(|| "write a length such as 84mm, 8.4cm, 3.3in or 240pt".into())
}

/// Figures narrower than this have no room for their labels.
const NARROWEST: f64 = 100.0;

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.width.points < NARROWEST || arguments.width.points < 12.0 * arguments.size.points {
        return Err(Error::input(format!(
            "--width {} has no room for labels of {}: write 36mm or more, and at least twelve times the size",
            arguments.width.text, arguments.size.text
        )));
    }
    let named = if arguments.files.is_empty() { Vec::new() } else { read_all(&arguments.files)? };
    let line = |seconds: f64| format!("exporting the records in {}, {seconds:.0} s", arguments.results.display());
    let stopped = |stop: Stop| Err(Error::Interrupted(format!("{}: no file was changed", stop.reason)));
    Watch::over(
        (arguments.watch.time_limit, arguments.watch.quiet),
        &Show { line: &line, stopped: &stopped },
        |watch| {
            let folder = Folder::read(&arguments.results, named, &arguments.files)?;
            let written = write(&folder, arguments, watch)?;
            if arguments.watch.json {
                print(&pretty(&json!({ "out": arguments.out, "files": written })))?;
            } else if !arguments.watch.quiet {
                print(&format!(
                    "{} files are in {}; its README.txt says how a paper takes them",
                    written.len(),
                    arguments.out.display()
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        },
    )
}

/// Writes all files; returns their names.
fn write(folder: &Folder, arguments: &Arguments, watch: &Watch) -> Result<Vec<String>> {
    if !arguments.watch.quiet {
        folder.left_out.iter().for_each(|line| super::note(line));
    }
    let all = folder.sets();
    // Of named experiments, these alone.
    let is_asked = |name: &str| {
        let stem = |file: &PathBuf| file.file_stem().is_some_and(|stem| stem.to_string_lossy() == name);
        arguments.files.is_empty() || arguments.files.iter().any(stem)
    };
    let sets: Vec<_> = all.into_iter().filter(|(experiment, _)| is_asked(&experiment.name)).collect();
    if sets.is_empty() {
        return Err(Error::input(format!(
            "{} holds no records of experiments that are known here; measure some with lemmascope run",
            arguments.results.display()
        )));
    }
    let record = |name: &String| {
        let path = arguments.results.join(format!("{name}.csv"));
        Ok((name.clone(), std::fs::read(&path).map_err(Error::read(&path))?))
    };
    let records: Vec<(String, Vec<u8>)> =
        sets.iter().map(|(experiment, _)| record(&experiment.name)).collect::<Result<_>>()?;
    let searches = searches(&arguments.results)?;
    let face = match arguments.font {
        FontName::Sans => Face::Sans,
        FontName::Serif => Face::Serif,
    };
    let export = Export {
        sets: &sets,
        sections: &sections(&sets, &searches),
        tallies: &tally(sets.iter().copied()),
        origin: &folder.origin(),
        style: Style { face, paper: Some(Paper { width: arguments.width.points, size: arguments.size.points }) },
        width: &arguments.width.text,
        records: &records,
    };
    let files = export.files()?;
    let names: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
    let placed: Vec<(PathBuf, Vec<u8>)> =
        files.into_iter().map(|(name, bytes)| (arguments.out.join(name), bytes)).collect();
    for folder in placed.iter().filter_map(|(path, _)| path.parent()).collect::<std::collections::BTreeSet<_>>() {
        writable_folder(folder)?;
    }
    watch.writing(|| write_together(&placed))?;
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_units() {
        let points = |text: &str| parse_length(text).map(|length| length.points.round());
        assert_eq!(points("84mm"), Ok(238.0));
        assert_eq!((points("1in"), points(" 2.54 cm ")), (Ok(72.0), Ok(72.0)));
        for wrong in ["84", "mm", "-3mm", "1e9mm", "8px"] {
            assert!(points(wrong).unwrap_err().contains("84mm, 8.4cm"), "{wrong}");
        }
    }
}
