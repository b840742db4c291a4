use super::*;
use crate::evidence::{Bearing, Evidence, Method};
use crate::measurand::Link;
use crate::measure::Job;
use crate::registry::find;
use crate::statement::Hypothesis;
use crate::statement::{Bound, Relation};

fn evidence(ln: Option<f64>) -> Evidence {
    Evidence {
        observed: vec![Hypothesis::new("a \"b\"\n, c", true), Hypothesis::new("", None)],
        bearing: Bearing::Upper,
        law: Some("points([0, 1], [0.5, 0.5])".into()),
        ..Evidence::enclosed(ln, f64::NEG_INFINITY, 0.1 + 0.2, Method::Literal, 1 << 50)
    }
}

fn same<T: Keeps + PartialEq + std::fmt::Debug>(what: &T) {
    let piece = what.to_piece();
    let mut bytes = Vec::new();
    piece.encode(&mut bytes);
    let (read, rest) = Piece::decode(&bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(T::from_piece(&read).as_ref(), Some(what));
    for length in 0..bytes.len() {
        assert!(Piece::decode(&bytes[..length]).is_none(), "{length} of {} bytes were taken", bytes.len());
    }
}

#[test]
fn what_is_kept_comes_back_to_the_last_bit() {
    same(&evidence(None));
    same(&evidence(Some(-1e-300)));
    let relations = [Relation::AtLeast, Relation::AtMost, Relation::Equal { tolerance: 0.0 }];
    let link = |relation| Link::new("l", "Eq. 1", "x <= y", relation, evidence(None), evidence(Some(0.5)));
    same(&relations.map(link).to_vec());
    same(&vec![link(Relation::AtMost).for_large("C")]);
    let bound = Bound { relation: Some(Relation::AtMost), ..Bound::from_value("b", -2.5) };
    same(&vec![bound, Bound::from_ln("c", f64::NEG_INFINITY), Bound::from_value("zero", 0.0)]);
}

/// A store with one value, in a file.
fn written(folder: &Path) -> Store {
    let store = Store::new(path(folder), "label");
    store.keep([7; 32], vec![1.5].to_piece());
    store.save().unwrap();
    store
}

#[test]
fn what_is_saved_reads_back_and_any_damage_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path());
    let path = path(folder.path());
    let read = Store::read(&path).unwrap();
    assert_eq!((read.find(&[7; 32]), read.find(&[8; 32])), (Some(vec![1.5].to_piece()), None));
    assert_eq!(read.label(), "label");
    let whole = std::fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        for bytes in [&bytes[..], &whole[..place]] {
            std::fs::write(&path, bytes).unwrap();
            let refused = Store::read(&path).err().expect("a damaged store was taken");
            assert_ne!(refused, Refused::Missing);
            assert!(refused.text(&path).unwrap().ends_with("what it held is measured again"));
        }
    }
    assert_eq!(Store::read(&folder.path().join("none")).err(), Some(Refused::Missing));
    let other = String::from_utf8_lossy(&whole).replacen(CODE, "0123456789abcdef", 1);
    std::fs::write(&path, other).unwrap();
    assert_eq!(Store::read(&path).err(), Some(Refused::OtherCode));
}

/// Pieces that no run uses are dropped, those that were used longest ago first.
#[test]
fn files_do_not_grow_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let megabyte = vec![0.5; 1 << 17].to_piece();
    for run in 0..3u8 {
        let store = Store::read(&path(folder.path())).unwrap_or_else(|_| Store::new(path(folder.path()), ""));
        (0..40).for_each(|cell| store.keep([40 * run + cell; 32], megabyte.clone()));
        store.save().unwrap();
    }
    let store = Store::read(&path(folder.path())).unwrap();
    let kept = |run: u8| (0..40).filter(|cell| store.look_at(&[40 * run + cell; 32]).is_some()).count();
    assert_eq!((kept(2), kept(1)), (40, 40));
    assert!((20..=24).contains(&kept(0)), "{}", kept(0));
}

/// Nothing that measures may use what is left out of the hash of the code.
#[test]
fn what_only_shows_is_used_by_what_only_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let showing: Vec<&str> = env!("LEMMASCOPE_SHOWING").split(' ').collect();
    let modules: Vec<&str> =
        showing.iter().filter_map(|part| part.strip_prefix("src/")?.split(['/', '.']).next()).collect();
    let mut folders = vec![root.join("src")];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name != "src/lib.rs" && !showing.iter().any(|part| format!("{name}/").starts_with(part)) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let used = modules.iter().find(|module| text.contains(&format!("crate::{module}::")));
                assert!(used.is_none() && !text.contains("\nuse crate::{"), "{name} uses {used:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// What a measurement depends on makes another address, and nothing else does.
#[test]
fn addresses_hold_what_evidence_depends_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(path(folder.path()), "");
    let claim = &find("nsn-box").unwrap();
    let [cell, other] = ["1", "2"].map(|d| claim.cell([("k", "16"), ("d", d), ("eps", "0.1")]).unwrap());
    let bounds = claim.bounds(&cell).unwrap();
    let job = Job { claim, experiment: "e", cell: &cell, method: Method::Literal, bounds: &[] };
    let base = |job: &Job, seed| job.shelf(Some(&store), seed).unwrap().base();
    let first = base(&job, 1);
    assert_eq!(base(&Job { bounds: &bounds, ..job }, 1), first);
    for changed in [
        base(&job, 2),
        base(&Job { experiment: "f", ..job }, 1),
        base(&Job { cell: &other, ..job }, 1),
        base(&Job { method: Method::Conditional, ..job }, 1),
        base(&Job { claim: &find("nsn-joint-box").unwrap(), ..job }, 1),
    ] {
        assert_ne!(changed, first);
    }
    let shelf = job.shelf(Some(&store), 1).unwrap();
    assert_ne!(shelf.address("a", &[1.0]), shelf.address("a", &[2.0]));
    assert_ne!(shelf.address("a", &[]), shelf.address("b", &[]));
}
