//! The structure of the crate: modules use one another in one direction, and only `tickets` knows the paper.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What knows the paper besides `tickets`: the verb that prunes networks, and texts for people.
const EXCEPTIONS: [&str; 4] = ["src/tickets/", "src/cli/prune/", "src/cli/examples.rs", "src/guide/"];
/// Words that only the paper has.
const WORDS: [&str; 9] =
    ["nsn", "NSN", "c_d", "channels", "kernel", "lottery", "Lemma 7", "Theorem 3", "norm1_squared"];

fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root).map(PathBuf::from).unwrap().to_string_lossy().replace('\\', "/");
                found.push((name, without_tests_and_comments(&std::fs::read_to_string(&path).unwrap())));
            }
        }
    }
    found
}

/// Tests may use examples of the paper, and documentation may name them.
fn without_tests_and_comments(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests").unwrap_or(text.len());
    let mut kept = Vec::new();
    let mut lines = text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        match line.trim() {
            // An import for tests alone.
            "#[cfg(test)]" => drop(lines.next()),
            _ => kept.push(line),
        }
    }
    kept.join("\n")
}

fn module(name: &str) -> String {
    name.trim_start_matches("src/").split('/').next().unwrap().trim_end_matches(".rs").to_string()
}

#[test]
fn modules_use_one_another_in_one_direction() {
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, text) in sources() {
        if name == "src/lib.rs" || name.ends_with("tests.rs") {
            continue;
        }
        let own = module(&name);
        let used = text
            .split("crate::")
            .skip(1)
            .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>());
        let used: Vec<String> = used.filter(|other| *other != own && !other.is_empty()).collect();
        uses.entry(own).or_default().extend(used);
    }
    assert!(uses.len() > 20, "{uses:?}");
    // Takes away what uses nothing that is left, until nothing is left or a circle.
    while !uses.is_empty() {
        let free: Vec<String> = uses
            .iter()
            .filter(|(_, used)| used.iter().all(|other| !uses.contains_key(other)))
            .map(|(m, _)| m.clone())
            .collect();
        assert!(!free.is_empty(), "these use one another in a circle: {uses:#?}");
        free.iter().for_each(|module| drop(uses.remove(module)));
    }
}

#[test]
fn only_tickets_knows_the_paper() {
    let mut seen = 0;
    for (name, text) in sources() {
        if EXCEPTIONS.iter().any(|exception| name.starts_with(exception)) || name.ends_with("tests.rs") {
            continue;
        }
        for word in WORDS {
            let line = text.lines().find(|line| line.contains(word));
            assert!(line.is_none(), "{name} knows {word:?}: {}", line.unwrap_or_default());
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}
