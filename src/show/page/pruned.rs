//! Pruned networks: what `prune` left in a folder below the records, with its pictures.

use std::path::Path;

use super::figure;
use super::text::WIDE;
use crate::error::{Error, Result};
use crate::show::markup::escape;

/// The records of one pruning, and the pictures beside them.
pub struct Pruned {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
    pictures: Vec<(String, String)>,
    /// What the certificate says of the whole network.
    total: String,
    /// The target's file, as the certificate names it; empty without one.
    target: String,
    /// Its figures beside those of other prunings of this target, by [`COMPARED`].
    compared: Vec<String>,
}

/// The file of records in a pruning's folder.
const RECORDS: &str = "layers.csv";
/// The certificate beside it.
const CERTIFICATE: &str = "certificate.json";
/// The columns that are shown.
const SHOWN: [&str; 12] = [
    "name",
    "d",
    "c0",
    "c1",
    "width",
    "candidates",
    "kept",
    "norm1",
    "subset_sum_error",
    "worst_error",
    "relative_error",
    "seed",
];

/// What prunings of one target are compared by: the heading, and where the certificate has it.
const COMPARED: [(&str, [&str; 2]); 7] = [
    ("n", ["design", "width"]),
    ("filters kept", ["total", "kept"]),
    ("of", ["total", "filters"]),
    ("decided differently", ["images", "decisions_that_differ"]),
    ("of images", ["images", "count"]),
    ("error, at least", ["total", "lower"]),
    ("at most", ["total", "upper"]),
];

/// Prunings of one target beside each other, by filters kept: how much accuracy and error a width buys. Empty where each has a target
/// of its own.
pub(super) fn comparisons(all: &[Pruned]) -> Vec<String> {
    let kept = |pruned: &&Pruned| pruned.compared[1].parse::<f64>().unwrap_or(f64::INFINITY);
    let mut targets: Vec<&str> =
        all.iter().map(|pruned| pruned.target.as_str()).filter(|name| !name.is_empty()).collect();
    targets.sort_unstable();
    targets.dedup();
    let of_target = |target: &str| {
        let mut its: Vec<&Pruned> = all.iter().filter(|pruned| pruned.target == target).collect();
        its.sort_by(|a, b| kept(a).total_cmp(&kept(b)));
        let rows: Vec<Vec<String>> =
            its.iter().map(|pruned| [std::slice::from_ref(&pruned.name), &pruned.compared[..]].concat()).collect();
        let columns: Vec<&str> = ["pruning"].into_iter().chain(COMPARED.map(|(heading, _)| heading)).collect();
        (rows.len() > 1).then(|| format!("<h3>Prunings of {}</h3>\n{}", escape(target), table(&columns, &rows)))
    };
    targets.into_iter().filter_map(of_target).collect()
}

/// A table of texts and numbers, of which numbers are shortened.
fn table(columns: &[impl AsRef<str>], rows: &[Vec<String>]) -> String {
    let head: String = columns.iter().map(|name| format!("<th scope=\"col\">{}</th>", escape(name.as_ref()))).collect();
    let row = |row: &Vec<String>| {
        let cells: String = row.iter().map(|cell| format!("<td class=\"n\">{}</td>", escape(&short(cell)))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("{WIDE}<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n")
}

impl Pruned {
    /// What the folders in `folder` hold, by name.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub fn read_all(folder: &Path) -> Result<Vec<Self>> {
        let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
        let mut folders: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.retain(|path| path.join(RECORDS).is_file());
        folders.sort();
        folders.iter().map(|path| Self::read(path)).collect()
    }

    fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(RECORDS);
        let text = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let wrong = |error: csv::Error| Error::Damaged(format!("{}: not a CSV ({error}); prune again", path.display()));
        let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(String::from).collect();
        let places: Vec<usize> =
            SHOWN.iter().filter_map(|name| header.iter().position(|column| column == name)).collect();
        let rows = reader.records().map(|row| {
            let row = row.map_err(wrong)?;
            Ok(places.iter().map(|&at| row.get(at).unwrap_or_default().to_string()).collect())
        });
        let rows = rows.collect::<Result<_>>()?;
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .map_err(Error::read(folder))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "svg"));
        files.sort();
        let picture = |path: &std::path::PathBuf| {
            let svg = std::fs::read_to_string(path).map_err(Error::read(path))?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            // A picture from elsewhere could bring scripts along.
            let is_own = svg.starts_with("<svg ") && !svg.to_lowercase().contains("<script");
            Ok((name, if is_own { svg } else { String::new() }))
        };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let columns = places.iter().map(|&at| header[at].clone()).collect();
        let text = std::fs::read_to_string(folder.join(CERTIFICATE)).unwrap_or_default();
        let certificate: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        let figure = |(_, [part, name]): (&str, [&str; 2])| {
            certificate[part][name].as_f64().map(crate::numeric::number).unwrap_or_default()
        };
        Ok(Pruned {
            name,
            columns,
            rows,
            pictures: files.iter().map(picture).collect::<Result<_>>()?,
            total: total(&certificate),
            target: certificate["target"]["file"].as_str().unwrap_or_default().into(),
            compared: COMPARED.map(figure).to_vec(),
        })
    }

    /// Its table and pictures.
    pub(super) fn html(&self) -> String {
        let pictures: String =
            self.pictures.iter().map(|(name, svg)| figure(svg, &format!("{}/{name}", self.name))).collect();
        format!(
            "<h3>{}</h3>\n<p>{}</p>\n{}{pictures}",
            escape(&self.name),
            escape(&self.total),
            table(&self.columns, &self.rows)
        )
    }
}

/// The whole network in a sentence, from the certificate; nothing where there is none.
fn total(certificate: &serde_json::Value) -> String {
    let number = |part: &str, name: &str| certificate[part][name].as_f64().map(|value| short(&value.to_string()));
    let said = || {
        let [kept, filters, lower, upper] = ["kept", "filters", "lower", "upper"].map(|name| number("total", name));
        Some(format!(
            "{} of {} filters are kept. Over all inputs in [-1, 1] the output is off by at least {} (an input found) and at most {} (certified).",
            kept?, filters?, lower?, upper?
        ))
    };
    let images = || {
        let names = ["count", "target_right", "pruned_right", "decisions_that_differ"];
        let [count, target, pruned, differ] = names.map(|name| number("images", name));
        Some(format!(
            " Of {} images the target decides {} rightly and the pruned network {}; {} are decided differently.",
            count?, target?, pruned?, differ?
        ))
    };
    said().unwrap_or_default() + &images().unwrap_or_default()
}

/// A number to five digits; other texts as they are.
fn short(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && text.len() > 8 => {
            format!("{value:.4e}").parse().map(crate::numeric::number).unwrap_or_default()
        }
        _ => text.into(),
    }
}
