//! The search for counterexamples is itself put to the test: false variants of every claim must be found out, and true
//! ones must not.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lemmascope::falsify::lab::Lab;
use lemmascope::falsify::region::Region;
use lemmascope::falsify::{Finding, Plan, falsify};
use lemmascope::measure::what_if::{Changes, Draft, changed};
use lemmascope::registry::{claims, find};
use lemmascope::statement::{PRINTED, Relation};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    claim: String,
    #[serde(default)]
    mutant: Vec<Variant>,
    #[serde(default)]
    sound: Vec<Variant>,
}

/// One variant of a claim's bound and hypotheses.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    name: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    expr: Option<String>,
    #[serde(default)]
    without: Vec<String>,
    #[serde(default, rename = "where")]
    condition: Option<String>,
    #[serde(default)]
    relation: Option<String>,
    #[serde(default)]
    within: String,
}

const KINDS: [&str; 6] = ["constant", "exponent", "root", "hypothesis", "direction", "term"];
/// Cells that may be measured for one variant, and the seconds that this may take on a slow machine.
const EVALUATIONS: u64 = 600;
const SECONDS: u64 = 60;
/// For a sound variant, where nothing ends the search before.
const SOUND_SECONDS: u64 = 4;
/// The chance that a sampled counterexample is none, for each variant: over a hundred or two of them a false alarm among
/// the sound ones has probability below 2e-4.
const ALPHA: f64 = 1e-6;
/// Where each claim's variants stand beside its statement.
const STATEMENTS: &str = "src/tickets/statements";
/// The name of the drafted bound.
const DRAFT: &str = "variant";

fn suite(id: &str) -> Suite {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("{STATEMENTS}/{id}.mutants.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let suite: Suite = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(suite.claim, id, "{}", path.display());
    suite
}

fn search(id: &str, variant: &Variant, seconds: u64) -> lemmascope::error::Result<Finding> {
    let changes = Changes {
        bounds: variant
            .expr
            .iter()
            .map(|expr| Draft { name: DRAFT.into(), expr: expr.clone(), relation: None })
            .collect(),
        conditions: variant.condition.iter().cloned().collect(),
        without: variant.without.clone(),
        relation: variant.relation.as_deref().map(|name| Relation::parse(name).unwrap()),
    };
    let claim = changed(&find(id)?, &changes)?;
    let plan = Plan {
        region: Region::of(&claim, &variant.within)?,
        seed: 1,
        alpha: ALPHA,
        evaluations: Some(EVALUATIONS),
        time: Duration::from_secs(seconds),
        first: true,
    };
    let bound = if variant.expr.is_some() { DRAFT } else { PRINTED };
    falsify(&Lab::new(&claim, 1, "mutants"), bound, &plan, &AtomicBool::new(false), &|_, _, _| {})
}

#[test]
fn every_claim_has_mutants_of_several_kinds_and_sound_variants() {
    for claim in claims() {
        let id = claim.id();
        let suite = suite(id);
        assert!(suite.mutant.len() >= 5 && suite.sound.len() >= 2, "{id}: write five mutants and two sound variants");
        let mut names: Vec<&str> = suite.mutant.iter().chain(&suite.sound).map(|v| v.name.as_str()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), suite.mutant.len() + suite.sound.len(), "{id}: two variants have one name");
        let mut kinds: Vec<&str> = suite.mutant.iter().filter_map(|variant| variant.kind.as_deref()).collect();
        assert_eq!(kinds.len(), suite.mutant.len(), "{id}: a mutant has no kind");
        assert!(kinds.iter().all(|kind| KINDS.contains(kind)), "{id}: the kinds are {}", KINDS.join(", "));
        kinds.sort();
        kinds.dedup();
        assert!(kinds.len() >= 2, "{id}: all mutants are of one kind");
    }
}

/// The score by claim: found of all mutants, by kind, and sound variants left alone.
#[test]
fn mutants_are_found_out_and_sound_variants_are_not() {
    let only = std::env::var("MUTANTS").ok();
    let mut failures = Vec::new();
    eprintln!("{:24} {:>8} {:>8} {:>8}  kinds", "claim", "mutants", "sound", "seconds");
    for claim in claims() {
        let id = claim.id();
        if only.as_ref().is_some_and(|only| only != id) {
            continue;
        }
        let suite = suite(id);
        let mut seconds = 0.0;
        let mut kinds: Vec<(String, u32, u32)> = Vec::new();
        let mut sound = 0;
        for (variant, is_mutant) in suite.mutant.iter().map(|v| (v, true)).chain(suite.sound.iter().map(|v| (v, false)))
        {
            let finding = match search(id, variant, if is_mutant { SECONDS } else { SOUND_SECONDS }) {
                Ok(finding) => finding,
                Err(error) => {
                    failures.push(format!("{id}: {}: {error}", variant.name));
                    continue;
                }
            };
            seconds += finding.seconds;
            let cell = finding.best.as_ref().map(|seen| format!("{} slack {}", seen.cell.key(), seen.slack));
            let cell = cell.unwrap_or_default();
            if only.is_some() {
                eprintln!(
                    "  {:5} {:4} cells {:.1} s  {}: {cell}",
                    finding.found, finding.evaluations, finding.seconds, variant.name
                );
            }
            if finding.found != is_mutant {
                let what = if is_mutant { "a mutant was not found out" } else { "a sound variant was found false" };
                failures.push(format!("{id}: {what}: {} (least slack at {cell})", variant.name));
            }
            if is_mutant {
                let kind = variant.kind.clone().unwrap_or_default();
                let found = u32::from(finding.found);
                match kinds.iter_mut().find(|(known, ..)| *known == kind) {
                    Some((_, hit, all)) => (*hit, *all) = (*hit + found, *all + 1),
                    None => kinds.push((kind, found, 1)),
                }
            } else {
                sound += u32::from(!finding.found);
            }
        }
        let (hit, all) = kinds.iter().fold((0, 0), |(hit, all), kind| (hit + kind.1, all + kind.2));
        let kinds: Vec<String> = kinds.iter().map(|(kind, hit, all)| format!("{kind} {hit}/{all}")).collect();
        let (mutants, sound) = (format!("{hit}/{all}"), format!("{sound}/{}", suite.sound.len()));
        eprintln!("{id:24} {mutants:>8} {sound:>8} {seconds:>8.1}  {}", kinds.join(", "));
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
