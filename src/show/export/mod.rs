//! What a paper takes over: figures at a column's width, pgfplots sources, tables, and a data package, from records alone.

mod package;
mod pgfplots;
mod tables;

use rayon::prelude::*;

use super::plot::{Style, draw_as, pdf};
use super::report::Section;
use super::report::joined::Set;
use super::summary::Tally;
use crate::error::Result;

/// A file's name, with the folder it stands in, and its bytes.
pub type File = (String, Vec<u8>);

/// What an export is made of.
pub struct Export<'a> {
    /// Experiments with their records.
    pub sets: &'a [Set<'a>],
    /// What is known of each claim.
    pub sections: &'a [Section<'a>],
    /// The verdict table.
    pub tallies: &'a [Tally],
    /// How the records were made.
    pub origin: &'a str,
    /// How figures are set.
    pub style: Style,
    /// The width of pgfplots' axes, as TeX writes it: `84mm`.
    pub width: &'a str,
    /// The files of records, by the name of their experiment.
    pub records: &'a [(String, Vec<u8>)],
}

const README: &str = "\
figures/   each plot at its final size: \\includegraphics{{figures/NAME}.pdf}, without a scale. They have no titles: captions say what they show.
pgfplots/  the same by TeX: \\usepackage{pgfplots} \\usepgfplotslibrary{groupplots} \\newcommand\\lemmascopedata{pgfplots/} \\input{pgfplots/NAME}
tables/    \\usepackage{amsmath,amssymb,array,booktabs,longtable} \\input{tables/NAME}; the .md files are the same in Markdown
data/      the records as a data package: datapackage.json describes every column
";

impl Export<'_> {
    /// All files.
    ///
    /// # Errors
    /// Where a plot cannot be drawn.
    pub fn files(&self) -> Result<Vec<File>> {
        let figures: Vec<Vec<File>> = self.sets.par_iter().map(|set| self.figures(*set)).collect::<Result<_>>()?;
        let mut files = figures.concat();
        files.extend(tables::files(self));
        files.extend(package::files(self));
        files.push(("README.txt".into(), README.into()));
        files.push(("CITATION.cff".into(), package::citation().into_bytes()));
        Ok(files)
    }

    /// The figures of an experiment: as SVG, as PDF, and as a source for pgfplots with its data.
    fn figures(&self, (experiment, records): Set) -> Result<Vec<File>> {
        let mut files = Vec::new();
        for plot in &experiment.plots {
            let name = format!("{}.{}", experiment.name, plot.name);
            let picture = draw_as(experiment, plot, records, self.style)?;
            files.push((format!("figures/{name}.svg"), picture.svg().into_bytes()));
            files.push((format!("figures/{name}.pdf"), pdf(&picture)));
            // TeX takes what follows the first point for a file's ending.
            let name = name.replace('.', "-");
            let source = pgfplots::Source::new(experiment, plot, records, self.width)?;
            files.push((format!("pgfplots/{name}.csv"), source.csv()));
            files.push((format!("pgfplots/{name}.tex"), source.tex(&name).into_bytes()));
        }
        Ok(files)
    }
}
