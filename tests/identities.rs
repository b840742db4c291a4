//! Identities and inequalities that hold whatever the numbers are.

use lemmascope::numeric::{decimal, ln_add, ln_binomial, ln_of_decimal, ln_sub};
use lemmascope::registry::find;
use lemmascope::statement::{Cell, Domain, Parameter};
use lemmascope::tickets::nsn::Target;
use lemmascope::tickets::nsn::boxes::{ln_box, ln_joint_box};
use lemmascope::tickets::nsn::normal::{LN_SQRT_2PI, ln_interval, ln_rectangle};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The same cases in every run.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() }
}

/// Rounding of sums of a few logs.
const TINY: f64 = 1e-10;

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn decimals_read_back(ln in -1e5..600.0f64) {
        let back = ln_of_decimal(&decimal(ln).unwrap()).unwrap();
        prop_assert!((back - ln).abs() < 1e-9 * (1.0 + 1e-3 * ln.abs()), "{ln} {back}");
    }

    #[test]
    fn sums_and_differences_of_logs_undo_each_other(a in -800.0..800.0f64, b in -800.0..800.0f64) {
        prop_assume!((a - b).abs() > 0.01);
        let (top, low) = (a.max(b), a.min(b));
        prop_assert!((ln_add(ln_sub(top, low), low) - top).abs() < TINY);
    }

    #[test]
    fn pascals_rule(n in 1u64..2000, k in 1u64..2000) {
        prop_assume!(k <= n);
        let sum = ln_add(ln_binomial(n, k), ln_binomial(n, k - 1));
        prop_assert!((sum - ln_binomial(n + 1, k)).abs() < TINY);
    }

    /// Lemma 14, and the density's bound that the tilted estimators stand on.
    #[test]
    fn an_interval_is_most_probable_at_the_centre(z in -50.0..50.0f64, ln_sigma in -12.0..6.0f64, ln_eps in -25.0..2.0f64) {
        let (sigma, eps) = (ln_sigma.exp(), ln_eps.exp());
        let ln = ln_interval(z, sigma, eps);
        prop_assert!(ln <= ln_interval(0.0, sigma, eps) + 1e-13);
        prop_assert!(ln <= (2.0 * eps / sigma).ln() - LN_SQRT_2PI + 1e-13 && ln <= 1e-15);
    }

    #[test]
    fn a_rectangle_is_less_probable_than_either_side(
        ln_s in -40.0..8.0f64, ln_b in -40.0..8.0f64, ln_s2 in -40.0..8.0f64, z in -4.0..4.0f64, ln_eps in -20.0..0.0f64,
    ) {
        let (s, b, s2, eps) = (ln_s.exp(), ln_b.exp(), ln_s2.exp(), ln_eps.exp());
        let [a, b_length, c] = [s, b, s2].map(f64::sqrt);
        let joint = ln_rectangle(a, b_length, c, z, eps);
        for side in [s, s2] {
            let alone = ln_interval(z, (side + b).sqrt(), eps);
            prop_assert!(joint <= alone + 1e-8 * (1.0 + alone.abs()), "{joint} {alone}");
        }
        prop_assert_eq!(joint, ln_rectangle(a, b_length, c, -z, eps));
    }

    #[test]
    fn cells_read_back_from_their_key(k in 1u64..1_000_000, ln_eps in -25.0..3.0f64, first in -5.0..5.0f64) {
        let length = Domain::Vector { words: Vec::new(), length: "two".into() };
        let domains = [("k", "1..1e6"), ("eps", "0<..inf"), ("two", "2..2")].map(|(name, text)| (name, Domain::parse(text).unwrap()));
        let parameter = |(name, domain): (&str, Domain)| Parameter {
            name: name.into(), domain, default: (name == "two").then(|| "2".into()), meaning: String::new(), search: None,
        };
        let parameters: std::sync::Arc<[Parameter]> =
            domains.into_iter().chain([("target", length)]).map(parameter).collect::<Vec<_>>().into();
        let (k, eps, target) = (k.to_string(), ln_eps.exp().to_string(), format!("[{first}, 0.5]"));
        let cell = Cell::new(&parameters, [("k", k.as_str()), ("eps", &eps), ("target", &target)]).unwrap();
        let key = cell.key();
        let again = Cell::new(&parameters, key.split(';').map(|item| item.split_once('=').unwrap())).unwrap();
        prop_assert_eq!(again, cell);
    }
}

proptest! {
    #![proptest_config(cases(24))]

    /// One more vector on each side can only make the pair less probable than the box alone, and j = k is independence.
    #[test]
    fn joint_boxes_lie_between_independence_and_the_box(k in 2u64..40, d in 1u64..5, ln_eps in -6.0..-0.5f64) {
        let eps = ln_eps.exp();
        let alone = ln_box(k, d, eps, &Target::Origin, 1e-10).ln;
        let joint = |j| ln_joint_box(k, j, d, eps, &Target::Origin, 1e-8).ln;
        prop_assert!(joint(1) < alone);
        prop_assert!((joint(k) - 2.0 * alone).abs() < 1e-6);
        // At the origin, sharing scales and coordinates helps: the pair is at least as probable as two independent ones.
        prop_assert!(joint(1) > joint(k));
    }

    #[test]
    fn bounds_are_finite_over_the_whole_domain(k in 1u64..1_000_000_000, d in 1u64..100_000, ln_eps in -600.0..600.0f64) {
        let (k, d, eps) = (k.to_string(), d.to_string(), ln_eps.exp().to_string());
        let claim = find("nsn-box").unwrap();
        let cell = claim.cell([("k", k.as_str()), ("d", &d), ("eps", &eps)]).unwrap();
        for bound in claim.bounds(&cell).unwrap() {
            prop_assert!(bound.ln.is_finite());
        }
    }
}
