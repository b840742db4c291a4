//! Certificates from outside: the program writes and verifies them, an independent checker agrees, and both refuse each of them where
//! one letter of any field is changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// A claim and a cell for each theorem and each of its cases.
const CERTIFIED: [&[&str]; 19] = [
    &["nsn-box", "k=47", "d=16"],
    &["nsn-box", "d=11"],
    &["nsn-box", "k=5000", "d=64", "eps=0.01", "target=axis"],
    &["nsn-box", "d=10", "eps=0.1", "target=axis"],
    &["nsn-box", "k=100", "d=12", "eps=1e-9", "target=axis"],
    &["nsn-joint-box", "d=3", "j=1"],
    &["nsn-joint-box", "d=4", "j=1", "k=1000", "eps=1.0000000000000004e-6"],
    &["nsn-joint-box", "d=5", "j=2", "C=100"],
    &["chernoff", "n=1", "p=0.1", "delta=0.8", "plus=10", "minus=0.1"],
    &["chernoff", "n=9", "p=0.3", "delta=0.5", "plus=5", "minus=0.9"],
    &["lueker", "n=2", "eps=0.2"],
    &["lueker", "n=6", "eps=0.309", "C=5.1"],
    &["lueker", "n=2", "eps=0.3"],
    &["kernel-pruning", "n=3", "eps=0.24"],
    &["kernel-pruning", "n=4", "eps=0.2499", "C=1.5"],
    &["kernel-pruning", "d=1"],
    &["kernel-pruning", "C=1e6"],
    &["kernel-pruning", "n=2", "eps=0.5"],
    &["channel-blocked-mask", "c=2", "c1=3", "n=4"],
];

fn lemmascope(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lemmascope")).current_dir(folder).args(arguments).output().unwrap()
}

/// Certifies a cell into a file.
fn certified(folder: &Path, item: &[&str], file: &str) -> Output {
    let set = item[1..].iter().flat_map(|text| ["--set", text]);
    lemmascope(folder, &["certify", item[0]].into_iter().chain(set).chain(["--out", file]).collect::<Vec<_>>())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// All certificates, as files of a folder.
fn folder_of_certificates() -> (tempfile::TempDir, Vec<(String, Value)>) {
    let folder = tempfile::tempdir().unwrap();
    let write = |(i, item): (usize, &&[&str])| {
        let file = format!("{i}.json");
        let output = certified(folder.path(), item, &file);
        assert!(output.status.success(), "{item:?}: {}", said(&output));
        let text = std::fs::read_to_string(folder.path().join(&file)).unwrap();
        (file, serde_json::from_str(&text).unwrap())
    };
    let certificates = CERTIFIED.iter().enumerate().map(write).collect();
    (folder, certificates)
}

/// The checker's lines, one a file; none where Python 3.11 is missing.
fn by_python(folder: &Path, files: &[String]) -> Option<Vec<String>> {
    by_checker("check.py", folder, files)
}

/// The lines of one of the checkers.
fn by_checker(checker: &str, folder: &Path, files: &[String]) -> Option<Vec<String>> {
    let has_python =
        Command::new("python3").args(["-c", "import tomllib"]).output().is_ok_and(|output| output.status.success());
    if !has_python {
        eprintln!("skipped: the independent checker needs python3, 3.11 or later");
        return None;
    }
    let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkers").join(checker);
    let output = Command::new("python3").arg(checker).current_dir(folder).args(files).output().unwrap();
    let lines: Vec<String> = String::from_utf8(output.stdout.clone()).unwrap().lines().map(String::from).collect();
    assert_eq!(lines.len(), files.len(), "{}", said(&output));
    assert_eq!(output.status.success(), lines.iter().all(|line| line.starts_with("verified: ")));
    Some(lines)
}

#[test]
fn what_is_certified_is_verified_by_both() {
    let (folder, certificates) = folder_of_certificates();
    for (file, _) in &certificates {
        let output = lemmascope(folder.path(), &["verify", file]);
        assert!(output.status.success() && said(&output).starts_with("verified: "), "{}", said(&output));
    }
    let files: Vec<String> = certificates.into_iter().map(|(file, _)| file).collect();
    if let Some(lines) = by_python(folder.path(), &files) {
        assert!(lines.iter().all(|line| line.starts_with("verified: ")), "{lines:#?}");
    }
}

/// The paths of all texts and numbers in a value.
fn leaves(value: &Value, path: Vec<String>) -> Vec<Vec<String>> {
    let deeper = |name: String| path.iter().cloned().chain([name]).collect::<Vec<_>>();
    match value {
        Value::Object(items) => items.iter().flat_map(|(name, value)| leaves(value, deeper(name.clone()))).collect(),
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(i, value)| leaves(value, deeper(i.to_string()))).collect()
        }
        _ => vec![path],
    }
}

fn pointer(path: &[String]) -> String {
    path.iter().map(|name| format!("/{name}")).collect()
}

/// The leaf with the first, a middle and the last of its letters and digits changed, one at a time.
fn changes(leaf: &Value) -> Vec<Value> {
    let Value::String(text) = leaf else { return vec![json!(leaf.as_u64().unwrap() + 1)] };
    let letters: Vec<(usize, char)> = text.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric()).collect();
    let mut places = vec![letters[0], letters[letters.len() / 2], letters[letters.len() - 1]];
    places.dedup();
    let changed = |(at, letter): (usize, char)| {
        let other = match letter {
            '9' => '0',
            'z' => 'a',
            'Z' => 'A',
            other => (other as u8 + 1) as char,
        };
        json!(format!("{}{other}{}", &text[..at], &text[at + 1..]))
    };
    places.into_iter().map(changed).collect()
}

#[test]
fn one_letter_changed_in_any_field_is_refused_by_both() {
    let (folder, certificates) = folder_of_certificates();
    let mut files = Vec::new();
    for (_, certificate) in &certificates {
        for path in leaves(certificate, Vec::new()) {
            for other in changes(certificate.pointer(&pointer(&path)).unwrap()) {
                let mut changed = certificate.clone();
                *changed.pointer_mut(&pointer(&path)).unwrap() = other;
                let file = format!("changed-{}.json", files.len());
                std::fs::write(folder.path().join(&file), changed.to_string()).unwrap();
                let output = lemmascope(folder.path(), &["verify", &file]);
                assert_eq!(output.status.code(), Some(2), "{path:?}: {}\n{changed:#}", said(&output));
                // A change of what is to be computed may show in any field.
                if !["claim", "theorem", "bound", "cell"].contains(&path[0].as_str()) {
                    assert!(
                        said(&output).contains(&format!("{file}: {}", path.join("."))),
                        "{path:?}: {}",
                        said(&output)
                    );
                }
                files.push(file);
            }
        }
    }
    assert!(files.len() > 500, "{}", files.len());
    if let Some(lines) = by_python(folder.path(), &files) {
        for (line, file) in lines.iter().zip(&files) {
            assert!(
                line.starts_with("refused: "),
                "{line}: {}",
                std::fs::read_to_string(folder.path().join(file)).unwrap()
            );
        }
    }
}

/// At the smallest counterexample of Lemma 7 a sum over 2048 pieces proves it; a change in any part of the sum is refused by both.
#[test]
fn pieces_prove_the_smallest_counterexample() {
    let folder = tempfile::tempdir().unwrap();
    let output = certified(folder.path(), &["nsn-box", "k=124", "d=10", "eps=0.1", "target=axis"], "c.json");
    assert!(said(&output).contains("by axis-pieces"), "{}", said(&output));
    let whole: Value = serde_json::from_str(&std::fs::read_to_string(folder.path().join("c.json")).unwrap()).unwrap();
    let mut files = vec!["c.json".to_string()];
    for path in ["/data/pieces", "/data/count", "/data/from", "/data/sum", "/inequality/left"] {
        let mut changed = whole.clone();
        let leaf = changed.pointer_mut(path).unwrap();
        *leaf = changes(leaf).pop().unwrap();
        files.push(format!("{}.json", files.len()));
        std::fs::write(folder.path().join(files.last().unwrap()), changed.to_string()).unwrap();
    }
    let by_program = files.iter().map(|file| lemmascope(folder.path(), &["verify", file]).status.success());
    assert_eq!(by_program.collect::<Vec<_>>(), [true, false, false, false, false, false]);
    if let Some(lines) = by_python(folder.path(), &files) {
        let verified: Vec<bool> = lines.iter().map(|line| line.starts_with("verified: ")).collect();
        assert_eq!(verified, [true, false, false, false, false, false], "{lines:#?}");
    }
}

#[test]
fn truncated_and_foreign_files_are_refused_and_so_are_fields_left_out_or_added() {
    let folder = tempfile::tempdir().unwrap();
    assert!(certified(folder.path(), CERTIFIED[0], "c.json").status.success());
    let text = std::fs::read_to_string(folder.path().join("c.json")).unwrap();
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut cases = vec![
        (text[..text.len() / 2].to_string(), "no whole JSON document".to_string()),
        (String::new(), "no whole JSON document".into()),
        ("[1, 2]".into(), "format: ".into()),
        (json!({ "found": true }).to_string(), "format: ".into()),
        (text.replace("\"version\": 1", "\"version\": 2"), "version: ".into()),
        (text.replace("\"claim\": \"nsn-box\"", "\"claim\": \"normal-tail\""), "claim: ".into()),
        (text.replace("\"k\": \"47\"", "\"k\": \"46\""), "cell: ".into()),
        (text.replace("\"k\": \"47\"", "\"k\": 47"), "cell: ".into()),
        (text.replace("\"k\": \"47\"", "\"k\": \"4７\""), "cell".into()),
        (text.replace("\"k\": \"47\"", "\"k\": \"047\""), "cell".into()),
    ];
    for name in whole.as_object().unwrap().keys() {
        let mut other = whole.clone();
        other.as_object_mut().unwrap().remove(name);
        cases.push((other.to_string(), format!("{name}: ")));
    }
    let mut added = whole.clone();
    added["note"] = json!("trust me");
    cases.push((added.to_string(), "note: ".into()));
    let mut files: Vec<String> = Vec::new();
    for (i, (text, message)) in cases.iter().enumerate() {
        let file = format!("{i}.json");
        std::fs::write(folder.path().join(&file), text).unwrap();
        let output = lemmascope(folder.path(), &["verify", &file]);
        assert!(output.status.code() == Some(2) && said(&output).contains(message), "{message}: {}", said(&output));
        files.push(file);
    }
    if let Some(lines) = by_python(folder.path(), &files) {
        assert!(lines.iter().all(|line| line.starts_with("refused: ")), "{lines:#?}");
    }
}

#[test]
fn a_cell_that_no_theorem_reaches_says_why_and_what_is_possible() {
    let folder = tempfile::tempdir().unwrap();
    for (item, message) in [
        (&["nsn-box", "k=46", "d=16"][..], "from k = 47 on; evaluate and falsify measure single cells"),
        (&["nsn-box", "k=124", "d=10"], "for each d from 11 on"),
        (
            &["nsn-box", "k=122", "d=10", "eps=0.1", "target=axis"],
            "axis-pieces: k = 122, d = 10, eps = 1/10: the sum over pieces does not",
        ),
        (&["nsn-box", "k=123", "d=10", "eps=0.1", "target=axis"], "the pieces take even k - d"),
        (&["nsn-box", "d=9", "eps=0.1", "target=axis"], "there is one for each d from 10 on"),
        (&["nsn-box", "k=124", "d=10", "eps=0.1", "target=spread"], "target = axis only"),
        (&["nsn-box", "k=47", "d=16", "eps=0.3"], "eps < 1/4 is unmet"),
        (&["nsn-box", "k=47", "d=16", "eps=x"], "write"),
        (&["nsn-box", "k=47", "k=48", "d=16"], "given twice"),
        (&["nsn-box", "k=47", "d=16", "q=1"], "unknown parameter \"q\""),
        (&["nsn-joint-box", "d=4", "j=1", "eps=0"], "eps = 0: write"),
        (&["nsn-joint-box", "d=4", "j=0"], "j = 0: write"),
        (&["nsn-joint-box", "d=4", "j=1", "C=1e300"], "refutes this C"),
        (&["nsn-joint-box", "d=4", "j=2"], "only j < d/2"),
        (&["nsn-joint-box", "d=4", "j=1", "k=1000", "eps=1e-7"], "unmet"),
        (&["nsn-joint-box", "d=4", "j=1", "k=1000", "eps=1e-3"], "too large for the proof's constants"),
        (&["chernoff", "n=1", "p=0.1", "delta=0.8", "plus=1", "minus=0.1"], "a larger plus"),
        (&["chernoff", "tail=upper", "n=1", "p=0.1", "delta=0.8"], "tail = lower only"),
        (&["lueker", "n=40", "eps=0.1"], "counting shows nothing"),
        (&["kernel-pruning", "n=50", "eps=0.2"], "n = 3 and n = 4"),
        (&["kernel-pruning", "n=3", "eps=0.24", "kernel=flat"], "kernel = all only"),
        (&["chernoff", "n=1", "p=1", "delta=0.8"], "a larger plus"),
        (&["normal-interval", "z=1", "sigma=1", "eps=0.1"], "no theorem refutes its bound printed"),
    ] {
        let output = certified(folder.path(), item, "c.json");
        assert!(output.status.code() == Some(2) && said(&output).contains(message), "{item:?}: {}", said(&output));
        assert!(!PathBuf::from(folder.path()).join("c.json").exists());
    }
    let output = lemmascope(folder.path(), &["certify", "nsn-box", "--set", "d=16", "--bound", "two-pi"]);
    assert!(said(&output).contains("there are certificates for printed"), "{}", said(&output));
}

/// The search's own counterexample at d = 10 lies on the axis; at d = 16 the theorem for every z has it. Where there is none, it says why.
#[test]
fn falsify_certifies_what_it_finds_or_says_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let falsify = |within: &str, certificate: &str| {
        let search = [
            "falsify",
            "nsn-box",
            "--within",
            within,
            "--evaluations",
            "60",
            "--time-limit",
            "600",
            "--json",
            "--force",
        ];
        lemmascope(folder.path(), &[&search[..], &["--certify", certificate]].concat())
    };
    let output = falsify("d=16,k=16..4096", "c.json");
    assert!(output.status.success(), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["certificate"].as_str().unwrap().contains("by negative-moment"), "{report:#}");
    assert!(lemmascope(folder.path(), &["verify", "c.json"]).status.success());
    let output = falsify("d=10,k=16..4096", "axis.json");
    assert!(output.status.success() && said(&output).contains("by bessel"), "{}", said(&output));
    assert!(lemmascope(folder.path(), &["verify", "axis.json"]).status.success());
    // Theorem 3 is another statement than Lemma 12, against which the counterexample counts.
    let within = "d=1,c0=1,c1=1,kernel=all,event=exists,n=8..9,eps=0.1..0.2,C=0.5";
    let search =
        ["falsify", "kernel-pruning", "--within", within, "--evaluations", "20", "--force", "--certify", "l.json"];
    let output = lemmascope(folder.path(), &search);
    assert!(said(&output).contains("sign-counts: n = ") && !folder.path().join("l.json").exists(), "{}", said(&output));
    // A counterexample to a changed claim is found, and nothing certifies it.
    let changed = [
        "falsify",
        "nsn-box",
        "--within",
        "d=16,k=47..4096",
        "--without",
        "eps < 1/4",
        "--evaluations",
        "60",
        "--json",
    ];
    let output = lemmascope(folder.path(), &[&changed[..], &["--force", "--certify", "none.json"]].concat());
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["found"] == true && report["not_certified"].as_str().unwrap().contains("leave out --where"));
    let output = falsify("d=2,k=16", "none.json");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["found"] == false && report["not_certified"].as_str().unwrap().contains("nothing to certify"));
    assert!(!folder.path().join("none.json").exists());
}

/// The bound of a digits network's error around an image is verified by both, and refused where it was changed: also where its hash was
/// made again.
#[test]
fn a_networks_certificate_is_verified_by_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/targets").join(name);
    let (target, images) = (file("digits_full.safetensors"), file("digits_full_test.npz"));
    let (target, images) = (target.to_str().unwrap(), images.to_str().unwrap());
    let arguments =
        ["prune", "--target", target, "--width", "3000", "--images", images, "--radius", "0.02", "--around", "3"];
    let output = lemmascope(folder.path(), &[&arguments[..], &["--proof", "--json"]].concat());
    assert!(output.status.success(), "{}", said(&output));
    let proved = serde_json::from_slice::<Value>(&output.stdout).unwrap()["proved"].as_f64().unwrap();
    let text = std::fs::read_to_string(folder.path().join("pruned/proof.json")).unwrap();
    let rehashed = |body: &str| format!("{{\"sha256\":\"{}\",\n{body}", lemmascope::hash::sha256_hex(body.as_bytes()));
    let (_, body) = text.split_once('\n').unwrap();
    let bound = format!("\"bound\":{proved}");
    assert!(body.contains(&bound), "{proved}");
    let lower = format!("\"bound\":{}", 0.999 * proved);
    let mut narrower: Value = serde_json::from_str(&format!("{{{body}")).unwrap();
    let range = &mut narrower["hidden"][0][0]["target"];
    range[0] = range[1].clone();
    let changed = [
        text.replace(&bound, &lower),
        text[..text.len() - 100].to_string(),
        text.replacen("\"unit\":", "\"unit\":1", 1),
        rehashed(&body.replace(&bound, &lower)),
        rehashed(&body.replacen("\"error\":[-", "\"error\":[0.01,-", 1)),
        rehashed(&format!("{}\n", &narrower.to_string()[1..])),
        rehashed(&body[..body.len() / 2]),
        // What JSON allows and no such file has: it must not be read as another number, nor hang or take memory.
        rehashed(&body.replace(&bound, "\"bound\":1e999")),
        rehashed(&body.replace(&bound, "\"bound\":\"1/0\"")),
        rehashed(&body.replacen("\"unit\":-", "\"unit\":-1000000000", 1)),
        rehashed(&body.replacen("\"unit\":-", "\"unit\":-0.", 1)),
        rehashed(&body.replacen("\"pad\":", "\"pad\":1000000000", 1)),
        rehashed(&body.replacen("\"size\":[8,8]", "\"size\":[4294967296,4294967296]", 1)),
        rehashed(&body.replacen("\"claim\":\"", "\"claim\":\"not ", 1)),
    ];
    assert!(changed.iter().all(|changed| *changed != text));
    let files: Vec<String> = (0..=changed.len()).map(|index| format!("{index}.json")).collect();
    for (file, text) in files.iter().zip([&text].into_iter().chain(&changed)) {
        std::fs::write(folder.path().join(file), text).unwrap();
        let output = lemmascope(folder.path(), &["verify", file]);
        let verified = said(&output).starts_with("verified: at 10 outputs and 64 inputs, |N(X) - N~(X)| <= ");
        assert_eq!(verified, file == "0.json", "{file}: {}", said(&output));
        assert_eq!(output.status.code(), Some(if verified { 0 } else { 2 }));
    }
    if let Some(lines) = by_checker("network.py", folder.path(), &files) {
        for (index, line) in lines.iter().enumerate() {
            assert_eq!(line.starts_with("verified: "), index == 0, "{line}");
        }
    }
}
