//! `lemmascope solve` from outside: answers, files of every form, bad input, the time limit and Ctrl-C.

use std::path::Path;

use assert_cmd::Command;
use lemmascope::random::Stream;
use lemmascope::subset_sum::SOLVERS;
use predicates::prelude::*;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde_json::{Value, json};

fn solve_in(folder: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    Command::cargo_bin("lemmascope").unwrap().current_dir(folder).arg("solve").args(arguments).assert()
}

fn answer(folder: &Path, arguments: &[&str]) -> Value {
    let output = solve_in(folder, &[arguments, &["--json"]].concat()).success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

/// A `.npy` file of version 1.
fn npy(descr: &str, shape: &str, fortran: bool, data: Vec<u8>) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), &data].concat()
}

fn float64(numbers: &[f64], shape: &str) -> Vec<u8> {
    npy("<f8", shape, false, numbers.iter().flat_map(|x| x.to_le_bytes()).collect())
}

fn folder_with(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

const N: usize = 20;
const DIMENSION: usize = 3;
const PLANTED: [usize; 5] = [0, 3, 7, 12, 19];

/// Small integers, which every type of numbers holds, row-major, and the sum of the planted ones.
fn planted() -> (Vec<i8>, Vec<f64>) {
    let mut stream = Stream::new(31, 32);
    let vectors: Vec<i8> = (0..N * DIMENSION).map(|_| stream.random_range(-100..=100)).collect();
    let target = (0..DIMENSION).map(|j| PLANTED.iter().map(|i| f64::from(vectors[i * DIMENSION + j])).sum()).collect();
    (vectors, target)
}

#[test]
fn a_planted_subset_is_found_in_files_of_every_form() {
    let (vectors, target) = planted();
    let bytes = |encode: fn(i8) -> Vec<u8>| vectors.iter().flat_map(|&x| encode(x)).collect::<Vec<u8>>();
    let columns = (0..DIMENSION).flat_map(|j| (0..N).map(move |i| i * DIMENSION + j));
    let by_column = columns.flat_map(|place| f64::from(vectors[place]).to_le_bytes()).collect();
    let lines = |separator: &str| {
        let row = |row: &[i8]| row.iter().map(i8::to_string).collect::<Vec<_>>().join(separator) + "\n";
        vectors.chunks(DIMENSION).map(row).collect::<String>()
    };
    let shape = format!("({N}, {DIMENSION})");
    let files = [
        ("f8.npy", npy("<f8", &shape, false, bytes(|x| f64::from(x).to_le_bytes().into()))),
        ("fortran.npy", npy("<f8", &shape, true, by_column)),
        ("big.npy", npy(">f8", &shape, false, bytes(|x| f64::from(x).to_be_bytes().into()))),
        ("f4.npy", npy("<f4", &shape, false, bytes(|x| f32::from(x).to_le_bytes().into()))),
        ("i8.npy", npy("<i8", &shape, false, bytes(|x| i64::from(x).to_le_bytes().into()))),
        ("i1.npy", npy("|i1", &shape, false, bytes(|x| x.to_le_bytes().into()))),
        ("x.csv", format!("a,b,c\n{}", lines(",")).into()),
        ("x.txt", format!("# of the tests\n{}", lines(" ")).into()),
        ("z.npy", float64(&target, "(3,)")),
    ];
    let folder = folder_with(&files);
    let mut answers = files[..8].iter().map(|(name, _)| {
        let mut answer = answer(folder.path(), &["--vectors", name, "--target", "z.npy", "--eps", "0"]);
        for key in ["seconds", "solver"] {
            answer.as_object_mut().unwrap().remove(key).unwrap();
        }
        answer
    });
    let first = answers.next().unwrap();
    assert_eq!((&first["status"], &first["error"]), (&json!("found"), &json!(0)));
    let subset: Vec<usize> = serde_json::from_value(first["subset"].clone()).unwrap();
    for (j, z) in target.iter().enumerate() {
        assert_eq!(subset.iter().map(|i| f64::from(vectors[i * DIMENSION + j])).sum::<f64>(), *z);
    }
    assert_eq!(first["size"], subset.len());
    for answer in answers {
        assert_eq!(answer, first);
    }
}

#[test]
fn the_json_has_the_promised_keys() {
    let folder = folder_with(&[("x.csv", "1\n2\n4\n8\n".into()), ("z.csv", "11".into())]);
    let base = ["--vectors", "x.csv", "--target", "z.csv", "--eps", "0.25", "--seed", "7"];
    let mut found = answer(folder.path(), &base);
    assert!(found["seconds"].as_f64().is_some_and(|seconds| seconds < 10.0));
    assert!(SOLVERS.iter().any(|solver| found["solver"] == solver.name()));
    for key in ["seconds", "solver"] {
        found.as_object_mut().unwrap().remove(key);
    }
    let expected = json!({
        "status": "found", "subset": [0, 1, 3], "error": 0, "size": 3, "interrupted": false, "n": 4, "dimension": 1,
        "eps": 0.25, "seed": 7, "decimal": false, "proved_nearest": null, "reason": null, "notes": []
    });
    assert_eq!(found, expected);
    let none = answer(folder.path(), &[&base[..], &["--size", "2"]].concat());
    for (key, value) in
        [("status", json!("none")), ("subset", json!(null)), ("error", json!(null)), ("size", json!(null))]
    {
        assert_eq!(none[key], value, "{key}");
    }
}

#[test]
fn words_say_the_same() {
    let folder = folder_with(&[("x.csv", "1\n2\n4\n8\n".into()), ("z.csv", "11".into())]);
    let base = ["--vectors", "x.csv", "--target", "z.csv", "--eps", "0.25"];
    solve_in(folder.path(), &base).success().stderr("").stdout(
        predicate::str::starts_with("found: a subset of the 4 vectors")
            .and(predicate::str::contains("subset  0 1 3\n")),
    );
    solve_in(folder.path(), &[&base[..], &["--size", "2"]].concat())
        .success()
        .stdout(predicate::str::starts_with("none: it is proved that no subset of 2 of the 4 vectors"));
}

#[test]
fn targets_and_vectors_may_have_other_shapes() {
    let vectors = float64(&[1.0, 2.0, 4.0, 8.0], "(4,)");
    let pairs = float64(&[1.0, 2.0, 4.0, 8.0], "(2, 2)");
    let sum = [5.0, 10.0];
    let folder = folder_with(&[
        ("x.npy", vectors),
        ("pairs.npy", pairs),
        ("scalar.npy", float64(&[9.0], "()")),
        ("flat.npy", float64(&sum, "(2,)")),
        ("row.npy", float64(&sum, "(1, 2)")),
        ("column.npy", float64(&sum, "(2, 1)")),
        ("column.txt", "5\n10\n".into()),
    ]);
    let subset =
        |x: &str, z: &str| answer(folder.path(), &["--vectors", x, "--target", z, "--eps", "0"])["subset"].clone();
    assert_eq!(subset("x.npy", "scalar.npy"), json!([0, 3]));
    for target in ["flat.npy", "row.npy", "column.npy", "column.txt"] {
        assert_eq!(subset("pairs.npy", target), json!([0, 1]), "{target}");
    }
}

#[test]
fn a_solver_can_be_forced() {
    let folder = folder_with(&[("x.csv", "1\n2\n4\n8\n".into()), ("z.csv", "11".into())]);
    let base = ["--vectors", "x.csv", "--target", "z.csv", "--eps", "0.25", "--time-limit", "1", "--solver"];
    for solver in SOLVERS {
        let answer = answer(folder.path(), &[&base[..], &[solver.name()]].concat());
        assert_eq!(answer["solver"], solver.name());
    }
    let names = SOLVERS.map(|solver| solver.name()).join(", ");
    let unknown = [&base[..], &["guess"]].concat();
    solve_in(folder.path(), &unknown).code(2).stderr(predicate::str::contains(format!("the solvers are {names}")));
}

/// A folder of `tests/cases/solve`.
fn case(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/solve").join(name)
}

const FILES: [&str; 4] = ["--vectors", "v.csv", "--target", "t.csv"];

#[test]
fn tables_of_other_programs_are_read_right() {
    for name in [
        "csv-decimal-comma",
        "csv-numeric-header-R",
        "csv-pandas-index",
        "csv-quoted-numbers",
        "csv-r-write-table",
        "csv-trailing-comma",
        "csv-tsv-trailing-tab",
    ] {
        let found = answer(&case(name), &[&FILES[..], &["--eps", "0.05"]].concat());
        assert_eq!((&found["status"], &found["subset"]), (&json!("found"), &json!([0, 1, 4])), "{name}");
        let note = found["notes"].to_string();
        assert_eq!(
            note.contains("taken for an index"),
            ["csv-pandas-index", "csv-r-write-table"].contains(&name),
            "{note}"
        );
    }
}

#[test]
fn what_can_be_taken_in_two_ways_is_refused_until_the_user_says_which() {
    let rows = "0.62,-1.31\n-0.48,0.17\n1.05,0.93\n-0.77,-0.56\n0.29,1.44\n";
    let counted: String = rows.lines().enumerate().map(|(row, line)| format!("{row},{line}\n")).collect();
    let folder = folder_with(&[
        ("counted.csv", counted.into()),
        ("numbers.csv", format!("0,1\n{rows}").into()),
        ("z.csv", "0.4,0.3\n".into()),
        ("counted-z.csv", "0,0.4,0.3\n".into()),
    ]);
    let with = |vectors: &'static str, target: &'static str, rest: &[&'static str]| {
        [&["--vectors", vectors, "--target", target, "--eps", "0.05"], rest].concat()
    };
    for target in ["z.csv", "counted-z.csv"] {
        solve_in(folder.path(), &with("counted.csv", target, &[]))
            .code(2)
            .stderr(predicate::str::contains("counted.csv: line 1, column 1: the first column counts the rows"));
        let found = answer(folder.path(), &with("counted.csv", target, &["--first-column", "index"]));
        assert_eq!(found["subset"], json!([0, 1, 4]), "{target}");
    }
    solve_in(folder.path(), &with("counted.csv", "z.csv", &["--first-column", "data"])).code(2).stderr(
        predicate::str::contains("2 (or delete the first column of the vectors, if it is an index)")
            .or(predicate::str::contains("3 (or delete the first column of the vectors, if it is an index)")),
    );
    solve_in(folder.path(), &with("numbers.csv", "z.csv", &[]))
        .code(2)
        .stderr(predicate::str::contains("numbers.csv: line 1: this is a row of whole numbers that may be a header"));
    let found = answer(folder.path(), &with("numbers.csv", "z.csv", &["--first-line", "header"]));
    assert_eq!(found["subset"], json!([0, 1, 4]));
    let data = answer(folder.path(), &with("numbers.csv", "z.csv", &["--first-line", "data"]));
    assert_eq!(data["n"], 6);
}

#[test]
fn targets_out_of_reach_are_none_at_once() {
    for (name, arguments) in [
        ("ss-out-of-reach", vec!["--vectors", "v60.csv", "--target", "tneg.csv", "--eps", "0.1"]),
        ("ss-out-of-reach", vec!["--vectors", "v60.csv", "--target", "t.csv", "--eps", "0.1"]),
        ("ss-out-of-reach", vec!["--vectors", "v40.csv", "--target", "t.csv", "--eps", "0.1"]),
        ("ss-out-of-reach", vec!["--vectors", "v.csv", "--target", "t.csv", "--eps", "0.1", "--solver", "beam"]),
        ("ss-order-666", vec!["--vectors", "v.csv", "--target", "t.csv", "--eps", "0", "--size", "21"]),
        ("ss-order-666", vec!["--vectors", "v.csv", "--target", "t2.csv", "--eps", "0"]),
    ] {
        let none = answer(&case(name), &arguments);
        assert_eq!((&none["status"], &none["solver"]), (&json!("none"), &json!("bounds")), "{arguments:?}");
        assert!(none["seconds"].as_f64().is_some_and(|seconds| seconds < 0.5), "{none}");
        assert!(none["reason"].as_str().is_some_and(|reason| reason.contains("in coordinate 0")), "{none}");
    }
    let found = answer(&case("ss-order-666"), &[&FILES[..], &["--eps", "0", "--size", "30"]].concat());
    assert_eq!(found["status"], "found");
}

#[test]
fn decimals_add_up_exactly_where_asked() {
    let cents = case("ss-cents-46134");
    let exact = [&FILES[..], &["--eps", "0"]].concat();
    let none = answer(&cents, &exact);
    assert_eq!(none["status"], "none");
    assert!(
        none["notes"].to_string().contains("0.1 + 0.2 is not 0.3") && none["notes"].to_string().contains("--decimal")
    );
    let found = answer(&cents, &[&exact[..], &["--decimal"]].concat());
    assert_eq!((&found["status"], &found["error"], &found["decimal"]), (&json!("found"), &json!(0), &json!(true)));
    assert_eq!(found["subset"], json!([0, 1, 5, 10, 17, 19, 23, 26]));
    let folder = folder_with(&[
        ("x.csv", "0.1\n0.2\n0.4\n".into()),
        ("z.csv", "0.3\n".into()),
        ("y.csv", "0.35\n".into()),
        ("x.npy", float64(&[0.1, 0.2], "(2,)")),
        ("far.csv", "1e30\n1e-30\n".into()),
    ]);
    let with = |vectors: &'static str, target: &'static str, eps: &'static str| {
        vec!["--vectors", vectors, "--target", target, "--eps", eps, "--decimal"]
    };
    assert_eq!(answer(folder.path(), &with("x.csv", "z.csv", "0"))["subset"], json!([0, 1]));
    let within = answer(folder.path(), &with("x.csv", "y.csv", "0.05"));
    assert_eq!((&within["status"], &within["error"]), (&json!("found"), &json!(0.05)));
    assert_eq!(answer(folder.path(), &with("x.csv", "y.csv", "0.049999999999"))["status"], "none");
    for (arguments, expected) in [
        (with("x.npy", "z.csv", "0"), "x.npy holds binary numbers, and --decimal asks for decimals"),
        (with("far.csv", "z.csv", "0"), "the largest number is beyond 38 digits"),
    ] {
        solve_in(folder.path(), &arguments).code(2).stderr(predicate::str::contains(expected));
    }
}

#[test]
fn the_nearest_subset_is_found_and_proved() {
    let small = case("csv-quoted-numbers");
    let nearest = answer(&small, &[&FILES[..], &["--nearest"]].concat());
    assert_eq!((&nearest["status"], &nearest["proved_nearest"]), (&json!("none"), &json!(true)));
    assert_eq!((&nearest["subset"], &nearest["error"]), (&json!([0, 1, 4]), &json!(0.02999999999999997)));
    let within = answer(&small, &[&FILES[..], &["--nearest", "--eps", "0.05"]].concat());
    assert_eq!((&within["status"], &within["proved_nearest"]), (&json!("found"), &json!(true)));
    let beam = answer(&small, &[&FILES[..], &["--nearest", "--solver", "beam"]].concat());
    assert_eq!((&beam["subset"], &beam["proved_nearest"]), (&json!([0, 1, 4]), &json!(false)));
    let far = answer(
        &case("ss-out-of-reach"),
        &["--vectors", "v60.csv", "--target", "tneg.csv", "--nearest", "--time-limit", "5"],
    );
    assert_eq!((&far["subset"], &far["error"], &far["proved_nearest"]), (&json!([]), &json!(3), &json!(true)));
    let sized =
        answer(&case("ss-order-666"), &[&FILES[..], &["--nearest", "--size", "21", "--time-limit", "5"]].concat());
    assert_eq!(
        (&sized["status"], &sized["error"], &sized["proved_nearest"]),
        (&json!("none"), &json!(60), &json!(true))
    );
    solve_in(&small, &[&FILES[..], &["--nearest"]].concat())
        .success()
        .stdout(predicate::str::contains("it is proved that no other subset is nearer"));
}

/// From no subset but the empty one to all of them: each solver ends, and agrees with the exact one.
#[test]
fn every_solver_ends_on_few_vectors() {
    let rows =
        ["0.62,-1.31", "-0.48,0.17", "1.05,0.93", "-0.77,-0.56", "0.29,1.44", "-1.18,0.38", "0.83,-0.25", "0.14,0.71"];
    for n in [1, 2, 8] {
        let folder = folder_with(&[("v.csv", rows[..n].join("\n").into()), ("t.csv", "0.4,0.3".into())]);
        for size in [None, Some(0), Some(1), Some(n / 2), Some(n)] {
            let size = size.map(|size| size.to_string());
            let sized: Vec<&str> = size.iter().flat_map(|size| ["--size", size]).collect();
            let base = [&FILES[..], &sized, &["--nearest", "--time-limit", "20"]].concat();
            let answers =
                SOLVERS.map(|solver| answer(folder.path(), &[&base[..], &["--solver", solver.name()]].concat()));
            for answer in &answers {
                assert!(answer["seconds"].as_f64().is_some_and(|seconds| seconds < 5.0), "{answer}");
                // The balance, made for many dimensions and vectors, comes no nearer than there is.
                if answer["solver"] == "balance" {
                    assert!(answer["error"].as_f64() >= answers[0]["error"].as_f64(), "{n} {size:?}");
                } else {
                    assert_eq!(answer["error"], answers[0]["error"], "{n} {size:?}");
                }
            }
        }
        let beam = [&FILES[..], &["--eps", "1e-9", "--solver", "beam", "--time-limit", "20"]].concat();
        let ended = answer(folder.path(), &beam);
        assert!(ended["seconds"].as_f64().is_some_and(|seconds| seconds < 5.0), "{ended}");
        assert!(
            ended["status"] == "none" || ended["reason"].to_string().contains("the beam saw all subsets"),
            "{ended}"
        );
        let too_many = (n + 1).to_string();
        solve_in(folder.path(), &[&FILES[..], &["--eps", "0.1", "--size", &too_many]].concat()).code(2);
    }
}

#[test]
fn a_search_that_gives_up_says_why() {
    let folder = hard();
    let why = |rest: &[&str]| answer(folder.path(), &[&HARD[..], rest].concat())["reason"].to_string();
    let reason = why(&["--solver", "meet-in-the-middle"]);
    assert!(reason.contains("meet-in-the-middle takes at most 128 vectors, and 400 are given"), "{reason}");
    assert!(why(&["--time-limit", "0.2"]).contains("the time limit of 0.2 s is over"));
    let sums = case("ss-out-of-reach");
    let unsettled = ["--vectors", "v.csv", "--target", "inside.csv", "--eps", "0", "--solver", "meet-in-the-middle"];
    let folder = folder_with(&[
        ("v.csv", std::fs::read(sums.join("v.csv")).unwrap()),
        ("inside.csv", "250.0001,250.0001".into()),
    ]);
    let reason = answer(folder.path(), &unsettled)["reason"].to_string();
    assert!(reason.contains("a half of these 100 vectors has about 2^50 sums: leave out --solver"), "{reason}");
}

#[test]
fn bad_input_is_named_with_its_remedy() {
    let folder = folder_with(&[
        ("x.npy", float64(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "(3, 2)")),
        ("z.npy", float64(&[1.0, 2.0], "(2,)")),
        ("long.npy", float64(&[1.0, 2.0, 3.0], "(3,)")),
        ("square.npy", float64(&[1.0; 4], "(2, 2)")),
        ("nan.npy", float64(&[1.0, 2.0, 3.0, f64::NAN, 5.0, 6.0], "(3, 2)")),
        ("inf.npy", float64(&[1.0, f64::INFINITY], "(2,)")),
        ("large.npy", float64(&[f64::MAX; 4], "(2, 2)")),
        ("deep.npy", float64(&[1.0; 8], "(2, 2, 2)")),
        ("scalar.npy", float64(&[1.0], "()")),
        ("none.npy", float64(&[], "(0, 2)")),
        ("flat.npy", float64(&[], "(3, 0)")),
        ("complex.npy", npy("<c16", "(1,)", false, vec![0; 16])),
        ("cut.npy", float64(&[1.0, 2.0], "(3, 2)")),
        ("empty.npy", vec![]),
        ("empty.csv", vec![]),
        ("ragged.csv", "1,2\n3\n".into()),
        ("word.csv", "1,2\n3,four\n".into()),
        ("missing.csv", "x,y\n1,2\n3,NA\n".into()),
        ("mixed.csv", "1,5;2.5\n".into()),
    ]);
    let with = |vectors: &'static str, target: &'static str, rest: &[&'static str]| {
        [&["--vectors", vectors, "--target", target, "--eps", "0.1"], rest].concat()
    };
    for (arguments, expected) in [
        (with("absent.npy", "z.npy", &[]), "cannot read absent.npy"),
        (with("x.npy", "absent.npy", &[]), "cannot read absent.npy"),
        (with(".", "z.npy", &[]), ". is a folder: name a file"),
        (with("empty.npy", "z.npy", &[]), "empty.npy is empty: give"),
        (with("empty.csv", "z.npy", &[]), "empty.csv is empty: give"),
        (with("ragged.csv", "z.npy", &[]), "ragged.csv: line 2: 1 columns, and 2 before: give"),
        (with("word.csv", "z.npy", &[]), "word.csv: line 2, column 2: \"four\" is not a number: write"),
        (with("missing.csv", "z.npy", &[]), "missing.csv: line 3, column 2: \"NA\" is not a number: write a finite"),
        (
            with("mixed.csv", "z.npy", &[]),
            "mixed.csv: line 1, column 2: \"2.5\", but decimal commas and decimal points",
        ),
        (with("complex.npy", "z.npy", &[]), "complex.npy: its dtype is \"<c16\", complex numbers: save x.real"),
        (with("cut.npy", "z.npy", &[]), "cut.npy is damaged"),
        (with("nan.npy", "z.npy", &[]), "nan.npy: entry 1 of vector 1 (both from 0) is NaN: give finite"),
        (with("x.npy", "inf.npy", &[]), "inf.npy: entry 1 (from 0) of the target is inf: give finite"),
        (
            with("large.npy", "z.npy", &[]),
            "large.npy: a vector or the target holds NaN, infinity or numbers whose sums",
        ),
        (with("deep.npy", "z.npy", &[]), "deep.npy has the shape (2, 2, 2): give n vectors"),
        (with("scalar.npy", "z.npy", &[]), "scalar.npy has the shape (): give n vectors"),
        (with("none.npy", "z.npy", &[]), "none.npy has the shape (0, 2): give at least one vector"),
        (
            with("flat.npy", "z.npy", &[]),
            "flat.npy has the shape (3, 0): give at least one vector of at least one entry",
        ),
        (
            with("x.npy", "long.npy", &[]),
            "long.npy has the shape (3,): give as many numbers as each vector of x.npy of \
                                          the shape (3, 2) has, 2 (or transpose the vectors: they are the rows)",
        ),
        (with("x.npy", "square.npy", &[]), "square.npy has the shape (2, 2): give as many"),
        (with("x.npy", "z.npy", &["--size", "4"]), "x.npy: no 4 of 3 vectors can be taken: give a size of at most 3"),
        (with("x.npy", "z.npy", &["--size", "-1"]), "invalid value '-1' for '--size <K>'"),
        (with("x.npy", "z.npy", &["--time-limit", "0"]), "--time-limit"),
        (with("x.npy", "z.npy", &["--time-limit", "-1"]), "write a number of seconds from 0.01"),
        (with("x.npy", "z.npy", &["--time-limit", "NaN"]), "write a number of seconds from 0.01"),
        (vec!["--vectors", "x.npy", "--target", "z.npy", "--eps", "-0.1"], "write a finite number, at least 0"),
        (vec!["--vectors", "x.npy", "--target", "z.npy", "--eps", "nan"], "write a finite number, at least 0"),
        (vec!["--vectors", "x.npy", "--target", "z.npy"], "--eps"),
    ] {
        solve_in(folder.path(), &arguments)
            .code(2)
            .stdout("")
            .stderr(predicate::str::contains(expected).and(predicate::str::contains("panicked").not()));
    }
}

/// An instance that no solver settles: 400 normal vectors of 30 entries to 9 digits.
fn hard() -> tempfile::TempDir {
    let mut stream = Stream::new(33, 34);
    let mut normal = |count: usize| (0..count).map(|_| StandardNormal.sample(&mut stream)).collect::<Vec<f64>>();
    folder_with(&[("x.npy", float64(&normal(400 * 30), "(400, 30)")), ("z.npy", float64(&normal(30), "(30,)"))])
}

const HARD: [&str; 8] = ["--vectors", "x.npy", "--target", "z.npy", "--eps", "1e-9", "--size", "200"];

fn assert_gave_up(answer: &Value) {
    assert_eq!(answer["status"], "gave-up");
    assert!(answer["error"].as_f64().is_some_and(|error| error > 1e-9), "{answer}");
    assert_eq!((&answer["size"], answer["subset"].as_array().map(Vec::len)), (&json!(200), Some(200)));
}

#[test]
fn the_time_limit_is_kept() {
    let folder = hard();
    let answer = answer(folder.path(), &[&HARD[..], &["--time-limit", "1"]].concat());
    assert_gave_up(&answer);
    assert_eq!(answer["interrupted"], false);
    assert!(answer["seconds"].as_f64().is_some_and(|seconds| seconds < 2.5), "{answer}");
}

/// Half of the vectors have a hundred million equal sums, and normal ones are hard to part evenly.
#[test]
fn the_time_limit_is_kept_where_strips_are_crowded() {
    let mut stream = Stream::new(35, 36);
    let ones = [vec![1.0; 59], vec![0.3]].concat();
    let normal: Vec<f64> = (0..60).map(|_| StandardNormal.sample(&mut stream)).collect();
    for (vectors, target) in [(ones, 30.5), (normal, 0.1)] {
        let folder = folder_with(&[("x.npy", float64(&vectors, "(60,)")), ("z.npy", float64(&[target], "()"))]);
        let forced = ["--vectors", "x.npy", "--target", "z.npy", "--eps", "1e-30", "--solver", "meet-in-the-middle"];
        let answer = answer(folder.path(), &[&forced[..], &["--time-limit", "1"]].concat());
        assert_eq!(answer["status"], "gave-up");
        assert!(answer["seconds"].as_f64().is_some_and(|seconds| seconds < 4.0), "{answer}");
    }
}

#[cfg(target_os = "linux")]
mod ctrl_c {
    use super::*;
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    /// Waits until the process listens for Ctrl-C: before that, it would simply end.
    fn wait_for_handler(process: u32) {
        let start = Instant::now();
        let listens = || {
            let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
            caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).is_some_and(|mask| mask >> 1 & 1 == 1)
        };
        while !listens() {
            assert!(start.elapsed() < Duration::from_secs(60), "nobody listens for Ctrl-C");
            std::thread::sleep(Duration::from_millis(1));
        }
        // Until the search is watched too, there is nothing to show.
        std::thread::sleep(Duration::from_millis(300));
    }

    #[test]
    fn ctrl_c_shows_the_best_so_far() {
        let folder = hard();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin("lemmascope"))
            .current_dir(folder.path())
            .arg("solve")
            .args(HARD)
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait_for_handler(child.id());
        let start = Instant::now();
        let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert!(interrupt.success());
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{message}");
        assert!(start.elapsed() < Duration::from_secs(10), "Ctrl-C took {:?}", start.elapsed());
        assert!(message.contains("Ctrl-C again stops at once"), "{message}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_gave_up(&answer);
        assert_eq!(answer["interrupted"], true);
    }
}

#[test]
fn vectors_read_row_by_row_give_the_same_answer() {
    let mut stream = Stream::new(41, 42);
    let numbers: Vec<f64> = (0..700 * 130).map(|_| StandardNormal.sample(&mut stream)).collect();
    let target: Vec<f64> = (0..130).map(|_| 8.0 * stream.sample::<f64, _>(StandardNormal)).collect();
    let floats = |numbers: &[f64], shape: &str| {
        npy("<f4", shape, false, numbers.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect())
    };
    let text: String = (0..5).map(|i| format!("{i}.5,2\n")).collect();
    let folder = folder_with(&[
        ("x.npy", floats(&numbers, "(700, 130)")),
        ("z.npy", float64(&target, "(130,)")),
        ("t.csv", text.into_bytes()),
        ("w.csv", b"1,2\n".to_vec()),
    ]);
    for size in [&[][..], &["--size", "300"]] {
        let base = [&["--vectors", "x.npy", "--target", "z.npy", "--eps", "40", "--solver", "balance"], size].concat();
        let held = answer(folder.path(), &base);
        let read = answer(folder.path(), &[&base[..], &["--by-rows"]].concat());
        assert_eq!(held["status"], "found");
        for name in ["status", "subset", "error", "size", "solver", "n", "dimension"] {
            assert_eq!(held[name], read[name], "{name}");
        }
    }
    solve_in(folder.path(), &["--vectors", "t.csv", "--target", "w.csv", "--eps", "1", "--by-rows"])
        .code(2)
        .stderr(predicate::str::contains("--by-rows: t.csv is no .npy array of two axes"));
    solve_in(folder.path(), &["--vectors", "x.npy", "--target", "z.npy", "--eps", "1", "--by-rows", "--size", "701"])
        .code(2)
        .stderr(predicate::str::contains("give a size of at most 700"));
}
