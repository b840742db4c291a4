//! The examples of the README and the handbook: what they show is what the program prints.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A command and what is shown below it.
#[derive(Debug, PartialEq)]
struct Example {
    command: String,
    shown: Vec<String>,
}

/// The examples of a page: blocks that begin with `$ `, indented or between fences.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let (mut is_fenced, mut is_session) = (false, false);
    for line in page.lines() {
        if line.starts_with("```") {
            (is_fenced, is_session) = (!is_fenced, false);
            continue;
        }
        let Some(line) = (if is_fenced { Some(line) } else { line.strip_prefix("    ") }) else {
            is_session = false;
            continue;
        };
        let last = examples.last_mut().filter(|_| is_session);
        match (line.strip_prefix("$ "), last) {
            (Some(command), _) => {
                is_session = true;
                examples.push(Example { command: command.into(), shown: Vec::new() });
            }
            (None, Some(Example { command, .. })) if command.ends_with('\\') => {
                command.pop();
                command.push_str(line.trim_start());
            }
            (None, Some(Example { shown, .. })) => shown.push(line.trim_end().into()),
            (None, None) => {}
        }
    }
    examples
}

/// Wall times differ: a number before `s` is one.
fn without_times(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_time = |i: usize| {
        let unit = words.get(i + 1).is_some_and(|next| next.trim_end_matches(',') == "s");
        unit && words[i].parse::<f64>().is_ok()
    };
    (0..words.len()).map(|i| if is_time(i) { "T" } else { words[i] }).collect::<Vec<_>>().join(" ")
}

/// What a command prints in a folder, where `lemmascope` is this build.
fn printed(command: &str, folder: &Path) -> Vec<String> {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_lemmascope"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    let output = shell.current_dir(folder).env("PATH", path).args(["-c", &format!("{command} 2>&1")]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(|line| line.trim_end().into()).collect()
}

/// Carries the examples of a page out, one after another in one folder; returns how many outputs were compared.
fn carry_out(page: &Path) -> usize {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("experiments"), folder.path().join("experiments")).unwrap();
    let mut compared = 0;
    for Example { command, shown } in examples(&std::fs::read_to_string(page).unwrap()) {
        if let Some(file) = command.strip_prefix("cat ") {
            std::fs::write(folder.path().join(file), shown.join("\n") + "\n").unwrap();
        } else if !shown.is_empty() {
            let lines = |lines: &[String]| lines.iter().map(|line| without_times(line)).collect::<Vec<_>>();
            let printed = printed(&command, folder.path());
            assert_eq!(lines(&printed), lines(&shown), "{}: {command}", page.display());
            compared += 1;
        }
    }
    compared
}

#[test]
fn the_examples_print_what_they_show() {
    let guide = std::fs::read_dir(root().join("src/guide")).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = guide.filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect();
    pages.push(root().join("README.md"));
    let compared: usize = pages.iter().map(|page| carry_out(page)).sum();
    assert!(compared >= 5, "only {compared} examples were found");
}

#[test]
fn examples_are_read_from_both_kinds_of_blocks() {
    let page =
        "text\n\n    $ a \\\n        b\n    c\n\ntext\n\n```console\n$ d\n    e\n$ f\n```\n\n    not a session\n";
    let example = |command: &str, shown: &[&str]| Example {
        command: command.into(),
        shown: shown.iter().map(|line| line.to_string()).collect(),
    };
    assert_eq!(examples(page), [example("a b", &["c"]), example("d", &["    e"]), example("f", &[])]);
    assert_eq!(without_times("solver x, 0.000 s, n = 8"), "solver x, T s, n = 8");
}

/// The README links to every page of the handbook.
#[test]
fn the_readme_links_to_every_page() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for entry in std::fs::read_dir(root().join("src/guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            !name.ends_with(".md") || readme.contains(&format!("(src/guide/{name})")),
            "{name} is not in the README"
        );
    }
}

/// What the pages link to is there.
#[test]
fn links_lead_to_files() {
    let guide = std::fs::read_dir(root().join("src/guide")).unwrap().map(|entry| entry.unwrap().path());
    let pages = guide.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut followed = 0;
    for page in pages.chain([root().join("README.md")]) {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.contains("://") {
                assert!(page.parent().unwrap().join(target).exists(), "{}: {target}", page.display());
                followed += 1;
            }
        }
    }
    assert!(followed > 10, "{followed}");
}
