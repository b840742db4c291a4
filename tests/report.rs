//! The report through the binary: one page that loads nothing. `tests/browser/report.sh` looks at it in a browser.

use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;

const EXPERIMENT: &str = include_str!("common/small.toml");

fn lemmascope(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lemmascope").unwrap().current_dir(folder).args(arguments).assert()
}

/// The values of an attribute.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn a_run_leaves_a_page_that_loads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
    lemmascope(folder.path(), &["run", "small.toml", "--quiet"]).success();
    let path = folder.path().join("results/report.html");
    let page = std::fs::read_to_string(&path).unwrap();
    for part in [
        "<h2 id=\"findings\">",
        "statement false",
        "<h2 id=\"verdicts\">",
        "<table class=\"sortable\"",
        "<h3 id=\"nsn-box\">Lemma 7",
        "<math",
        "<svg",
        "small.slack",
        "lemmascope evaluate nsn-box",
        "lemmascope falsify nsn-box --certify FILE",
        "<h2 id=\"index\">",
        "<h2 id=\"methodology\">",
        "<h2 id=\"provenance\">",
        "prefers-color-scheme: dark",
        "@media print",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(page.len() < 5_000_000 && !page.contains("merror"), "{}", page.len());
    assert!(attributes(&page, "src").is_empty());
    for link in attributes(&page, "href") {
        assert!(link.starts_with('#') || link == "data:,", "{link}");
    }
    // Links lead to what is there, and ids are unique.
    let ids = attributes(&page, "id");
    let distinct: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len());
    for link in ["#findings", "#nsn-box"] {
        assert!(distinct.contains(&link[1..]), "{link}");
    }
    // The records alone make it, to the byte.
    std::fs::remove_file(&path).unwrap();
    lemmascope(folder.path(), &["report", "small.toml"]).success();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page);
    lemmascope(folder.path(), &["report", "small.toml", "--json"])
        .success()
        .stdout(predicate::str::contains("report.html"));
}

/// Pruned networks are shown with their pictures, those of one target beside each other; a picture with a script is left out.
#[test]
fn pruned_networks_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), EXPERIMENT).unwrap();
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/experiments/targets/digits_gap.safetensors");
    for (width, out) in [("200", "results/prune/digits"), ("300", "results/prune/another")] {
        let prune = ["prune", "--target", target, "--width", width, "--effort", "quick", "--out", out, "--quiet"];
        lemmascope(folder.path(), &prune).success();
    }
    let picture = std::fs::read_to_string(folder.path().join("results/prune/digits/picture.svg")).unwrap();
    assert!(picture.contains(">target, up to ±") && picture.contains("filters kept") && picture.ends_with("</svg>\n"));
    std::fs::write(folder.path().join("results/prune/digits/other.svg"), "<svg ><SCRIPT>1</SCRIPT></svg>").unwrap();
    lemmascope(folder.path(), &["run", "small.toml", "--quiet"]).success();
    let page = std::fs::read_to_string(folder.path().join("results/report.html")).unwrap();
    assert!(page.contains("<h2 id=\"pruned\">") && page.contains("<h3>digits</h3>") && page.contains(&picture));
    assert!(!page.contains("<SCRIPT>"));
    // By filters kept, few first.
    let compared = page.split_once("<h3>Prunings of ").unwrap().1.split_once("</table>").unwrap().0;
    let place = |text: &str| compared.find(text).unwrap();
    assert!(compared.contains("digits_gap.safetensors") && compared.contains("filters kept"), "{compared}");
    assert!(place("<td class=\"n\">digits</td>") < place("<td class=\"n\">another</td>"), "{compared}");
}
