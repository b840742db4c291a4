//! What a paper takes over, through the binary. `tests/tex/export.sh` sets it in LaTeX, `tests/schemas/validate.sh` validates the package.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;

const EXPERIMENT: &str = include_str!("common/small.toml");

fn lemmascope(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lemmascope").unwrap().current_dir(folder).args(arguments).assert()
}

#[test]
fn a_paper_takes_figures_tables_and_data() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
    lemmascope(folder.path(), &["run", "small.toml", "--quiet"]).success();
    let export = ["export", "small.toml", "--width", "84mm", "--font", "serif", "--size", "8pt"];
    lemmascope(folder.path(), &export).success().stdout(predicate::str::contains("files are in paper"));
    let paper = folder.path().join("paper");
    let read = |name: &str| std::fs::read_to_string(paper.join(name)).unwrap();
    // At its final size, with texts as texts and without a title.
    let svg = read("figures/small.slack.svg");
    assert!(
        svg.contains("width=\"238.1") && svg.contains("'DejaVu Serif Condensed'") && svg.contains("<text "),
        "{}",
        &svg[..300]
    );
    assert!(!svg.contains(">slack</text>"), "a caption says what the title does");
    let pdf = std::fs::read(paper.join("figures/small.slack.pdf")).unwrap();
    let text = String::from_utf8_lossy(&pdf);
    assert!(pdf.starts_with(b"%PDF-") && text.contains("/MediaBox [0 0 238.1"), "{}", &text[..600]);
    let data = read("pgfplots/small-slack.csv");
    assert!(
        data.starts_with("panel,series,x,y,plus,minus,bound,verdict\n") && data.lines().count() == 1 + 36,
        "{data}"
    );
    assert!(read("pgfplots/small-slack.tex").contains("{\\lemmascopedata small-slack.csv}"));
    for (name, part) in [
        ("findings", "Lemma 7, the lower bound on $\\Pr$(sum in $I_{\\varepsilon}(z)$)"),
        ("tightness", "\\texttt{two-pi}"),
        ("counterexamples", "$k=64$, $d=16$, $\\varepsilon=0.1$"),
    ] {
        let table = read(&format!("tables/{name}.tex"));
        assert!(table.contains(part) && table.contains("\\toprule"), "{part} is missing in {table}");
        assert!(read(&format!("tables/{name}.md")).contains("| --- |"));
    }
    let package: Value = serde_json::from_str(&read("data/datapackage.json")).unwrap();
    let fields = package["resources"][0]["schema"]["fields"].as_array().unwrap();
    let header = read("data/small.csv").lines().next().unwrap().to_string();
    let names: Vec<&str> = fields.iter().map(|field| field["name"].as_str().unwrap()).collect();
    assert_eq!(names.join(","), header);
    assert!(fields.iter().all(|field| field["type"].is_string() && field["description"].is_string()));
    assert!(read("CITATION.cff").starts_with("cff-version: 1.2.0\n"));
    // Again, the same bytes.
    let before = pdf;
    lemmascope(folder.path(), &export).success();
    assert_eq!(std::fs::read(paper.join("figures/small.slack.pdf")).unwrap(), before);
    for (width, said) in [("84", "84mm, 8.4cm"), ("1cm", "no room for labels")] {
        lemmascope(folder.path(), &["export", "small.toml", "--width", width])
            .code(2)
            .stderr(predicate::str::contains(said));
    }
}
