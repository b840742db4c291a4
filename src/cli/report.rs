//! `lemmascope report`: the report, the finding page, the verdict table and the fitted powers, from all records of a folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::options::WatchArguments;
use super::watch::{Show, Stop, Watch};
use super::{note, print};
use crate::error::{Error, Result};
use crate::experiment::read_all;
use crate::output::write_together;
use crate::show::fit;
use crate::show::page::{Pruned, Report};
use crate::show::report::folder::Folder;
use crate::show::report::{self, Search};
use crate::show::summary;

#[derive(clap::Args)]
pub struct Arguments {
    /// Experiments whose records must be there. The page is made of all records in the folder whose experiments lie beside
    /// these files or in the folder experiments.
    files: Vec<PathBuf>,
    /// The folder of the records, where the pages go too; what searches found is read from its folder falsify, and pruned networks from
    /// its folder prune.
    #[arg(long, default_value = "results")]
    out: PathBuf,
    #[command(flatten)]
    watch: WatchArguments,
}

/// The page for people.
pub const REPORT: &str = "report.html";

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let named = if arguments.files.is_empty() { Vec::new() } else { read_all(&arguments.files)? };
    let line = |seconds: f64| format!("making the page of the records in {}, {seconds:.0} s", arguments.out.display());
    let stopped = |stop: Stop| Err(Error::Interrupted(format!("{}: no file was changed", stop.reason)));
    Watch::over(
        (arguments.watch.time_limit, arguments.watch.quiet),
        &Show { line: &line, stopped: &stopped },
        |watch| {
            let folder = Folder::read(&arguments.out, named, &arguments.files)?;
            let text = write(&folder, &arguments.out, watch)?;
            print(&match arguments.watch.json {
                true => format!(
                    "{:#}",
                    json!({ "path": arguments.out.join("findings.md"), "report": arguments.out.join(REPORT), "text": text })
                ),
                false => text,
            })?;
            if !arguments.watch.quiet {
                note(&format!("open {} in a browser", arguments.out.join(REPORT).display()));
            }
            Ok(ExitCode::SUCCESS)
        },
    )
}

/// Writes the report, the finding page, the verdict table and the fitted powers of a folder's records; returns the finding page.
///
/// # Errors
/// Where no records are there, or a file cannot be read or written.
pub fn write(folder: &Folder, out: &Path, watch: &Watch) -> Result<String> {
    folder.left_out.iter().for_each(|line| note(line));
    let sets = folder.sets();
    if sets.is_empty() {
        return Err(Error::input(format!(
            "{} holds no records of experiments that are known here; measure some with lemmascope run",
            out.display()
        )));
    }
    let origin = folder.origin();
    let searches = searches(out)?;
    let sections = report::sections(&sets, &searches);
    let page = report::markdown(&sections, &origin);
    let tallies = summary::tally(sets.iter().copied());
    let table = summary::markdown(&tallies, &origin);
    let pruned = Pruned::read_all(&out.join("prune"))?;
    let picture = |file: &str| std::fs::read_to_string(out.join("soundness").join(Path::new(file).file_name()?)).ok();
    let (sections, tallies, sets) = (&sections[..], &tallies[..], &sets[..]);
    let html = Report { sections, tallies, sets, origin: &origin, pruned: &pruned, picture: &picture }.html()?;
    let mut files = vec![
        (out.join("findings.md"), page.clone().into_bytes()),
        (out.join("summary.md"), table.into_bytes()),
        (out.join(REPORT), html.into_bytes()),
    ];
    files.extend(fit::to_csv(sets).map(|fits| (out.join("fits.csv"), fits)));
    watch.writing(|| write_together(&files))?;
    Ok(page)
}

/// What searches left in the folder `falsify` of the records: the JSON that `lemmascope falsify` prints, by name.
pub fn searches(out: &Path) -> Result<Vec<Search>> {
    let folder = out.join("falsify");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "json"));
    paths.sort();
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        serde_json::from_str(&text).map_err(|error| {
            Error::input(format!("{}: {error}; write it with lemmascope falsify CLAIM --json", path.display()))
        })
    };
    paths.iter().map(read).collect()
}
