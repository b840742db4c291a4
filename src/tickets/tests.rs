//! The index and the rulings name what exists, and the index names all of it.

use std::collections::BTreeSet;

use super::SUBJECT;
use crate::random::Stream;
use crate::registry::{claims, find};
use crate::subject::{Index, Status};

/// A cell of each claim, and more where a chain's links differ between cells.
const CELLS: &[(&str, &str)] = &[
    ("lueker", "n=4 eps=0.1"),
    ("channel-blocked-mask", "c=2 n=3"),
    ("nsn-box", "k=16 d=2 eps=0.1"),
    ("nsn-joint-box", "k=40 j=20 d=2 eps=0.1"),
    ("second-moment", "n=6 k=2 d=1 eps=0.2"),
    ("overlap-tail", "n=100 k=10 d=3"),
    ("second-moment-ratio", "n=100 k=10 d=3 eps=0.2"),
    ("second-moment-ratio", "n=100 k=10 d=1 eps=0.2"),
    ("mrss", "n=9 k=3 d=1 eps=0.2"),
    ("transition", "n=9 k=3 d=1 eps=0.2"),
    ("solver-error", "n=9 k=3 d=1"),
    ("relu-split", "c=2 n=3"),
    ("kernel-pruning", "d=1 c0=1 c1=1 n=12 eps=0.2"),
    ("kernel-error", "d=1 c0=1 c1=1 n=12"),
    ("layer-error", "network=random-1 error=injected eps=0.2 i=1"),
    ("pruned-network", "network=random-1 n=64 eps=0.5"),
    ("planted-ticket", "n=40 d=1 eps=0.1"),
    ("normal-interval", "sigma=1 z=1 eps=0.1"),
    ("second-moment-method", "p=0.5"),
    ("chernoff", "tail=lower n=10 p=0.5 delta=0.5"),
    ("chi-square-tails", "tail=upper d=3 t=1"),
    ("nsn-half-normal", "d=2"),
    ("amplification", "n=37 k=4 d=1 eps=0.1"),
    ("conv-inequality", "d=2 d2=2 c0=1 c1=1"),
];

/// Every bound and every link of a claim at its cells, as names.
fn names(id: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let claim = find(id).unwrap();
    let (mut bounds, mut links) = (BTreeSet::new(), BTreeSet::new());
    let cells = CELLS.iter().filter(|(known, _)| *known == id);
    for (_, text) in cells {
        let given = text.split(' ').map(|part| part.split_once('=').unwrap());
        let cell = claim.cell(given).unwrap_or_else(|error| panic!("{id}: {error}"));
        bounds.extend(claim.bounds(&cell).unwrap().into_iter().map(|bound| bound.name));
        let chain = claim.chain(&cell, &mut Stream::new(1, 2), 1e-6).unwrap();
        links.extend(chain.iter().map(|link| link.name.to_string()));
    }
    assert!(!bounds.is_empty(), "{id} has no cell here");
    (bounds, links)
}

/// Every number that a statement leaves to its measurand is computed, and every method measures or says why not.
#[test]
fn measurands_keep_what_their_statements_say() {
    for (id, text) in CELLS {
        let claim = find(id).unwrap();
        let cell = claim.cell(text.split(' ').map(|part| part.split_once('=').unwrap())).unwrap();
        // A random network has no images.
        for (symbol, _) in claim.statement().symbols.iter().filter(|(symbol, _)| symbol != "near") {
            assert!(claim.number(&cell, symbol).is_some(), "{id}: {symbol}");
        }
        for method in claim.methods() {
            let estimator = claim.estimator(&cell, method);
            let measures = estimator.err().is_none_or(|error| error.kind() == "unreachable");
            assert!(measures, "{id}: {}", method.name());
        }
    }
}

#[test]
fn no_number_is_missing() {
    let statements = "Theorem 1, Definition 2, Theorem 3, Definition 4, Theorem 5, Definition 6, Lemma 7, Lemma 8, Lemma 9, \
        Definition 10, Lemma 11, Lemma 12, Remark 13, Lemma 14, Lemma 15, Lemma 16, Lemma 17, Lemma 18, Corollary 19, Lemma 20";
    let statements = statements.split(", ").map(String::from);
    let expected: Vec<String> = statements
        .chain((1..=37).map(|number| format!("Eq. {number}")))
        .chain((1..=8).map(|number| format!("Footnote {number}")))
        .collect();
    let found: Vec<String> = SUBJECT.index().numbered.into_iter().map(|item| item.place).collect();
    assert_eq!(found, expected);
}

#[test]
fn every_item_is_judged_or_says_why_not() {
    let Index { numbered, lines } = SUBJECT.index();
    for item in numbered.iter().chain(&lines) {
        let said = [!item.by.is_empty(), item.defines.is_some(), item.because.is_some()];
        assert_eq!(said.iter().filter(|said| **said).count(), 1, "{}", item.place);
    }
}

/// What is named exists, and what exists is named.
#[test]
fn the_index_names_all_claims_and_links_and_no_others() {
    let Index { numbered, lines } = SUBJECT.index();
    let named: BTreeSet<String> = numbered.iter().chain(&lines).flat_map(|item| item.by.clone()).collect();
    let mut known = BTreeSet::new();
    for claim in claims() {
        let id = claim.id();
        known.insert(id.to_string());
        // The links of Eqs. 15-17 stand in the proof of Theorem 5 too.
        let shared = if id == "second-moment-ratio" { names("overlap-tail").1 } else { BTreeSet::new() };
        known.extend(names(id).1.difference(&shared).map(|link| format!("{id}/{link}")));
    }
    assert_eq!(named, known);
}

#[test]
fn readings_are_bounds_or_links() {
    for claim in claims() {
        let about = claim.statement();
        let (bounds, links) = names(&about.id);
        for reading in &about.readings {
            let known = bounds.contains(&reading.bound) || links.contains(&reading.bound);
            assert!(known, "{}: {}", about.id, reading.bound);
        }
        assert!(about.readings.is_empty() || about.readings.iter().any(|reading| reading.taken), "{}", about.id);
    }
}

#[test]
fn the_table_counts_what_it_lists() {
    let text = SUBJECT.index().markdown(&SUBJECT);
    assert!(text.contains("| Eq. 13 | judged | `second-moment-ratio/eq-13-sevens`"), "{text}");
    assert!(text.contains("Of 65 numbered statements"), "{text}");
    assert_eq!(text.matches("| not judged |").count(), SUBJECT.index().count(Status::NotJudged) + 1);
}

#[test]
fn what_rulings_name_exists() {
    for ruling in SUBJECT.rulings() {
        let (bounds, links) = names(&ruling.claim);
        for bound in ruling.bound.iter().chain(&ruling.repaired_by) {
            assert!(bounds.contains(bound), "{}: {bound}", ruling.id);
        }
        for link in &ruling.links {
            assert!(links.contains(link), "{}: {link}", ruling.id);
            let first = SUBJECT.rulings().into_iter().find(|other| other.is_on(&ruling.claim, link));
            assert_eq!(first.unwrap().id, ruling.id, "{link} has two rulings");
        }
        for link in &ruling.also {
            let (claim, link) = link.split_once('/').unwrap();
            assert!(names(claim).1.contains(link), "{}: {link}", ruling.id);
        }
    }
}

#[test]
fn rulings_name_claims_and_what_shows_them() {
    let rulings = SUBJECT.rulings();
    let mut ids: Vec<&str> = rulings.iter().map(|ruling| ruling.id.as_str()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), rulings.len());
    for ruling in &rulings {
        assert!(find(&ruling.claim).is_ok(), "{}", ruling.id);
        assert!(ruling.bound.is_some() || !ruling.links.is_empty(), "{}: nothing shows it", ruling.id);
    }
}
