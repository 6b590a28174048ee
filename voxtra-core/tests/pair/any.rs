//! Any mixture of faults: what is promised holds, and the same happens again however the bytes are
//! cut.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::call::{Case, run};
use crate::caller::SCRIPTS;
use crate::faults::Faults;
use crate::promises::check;

prop_compose! {
    fn any_faults()(
        (delay_ms, jitter_ms, bunch_ms) in (0..300_u64, 0..300_u64, 0..400_u64),
        piece_bytes in prop_oneof![Just(0), 1..500_u64],
        wrong_bits_per_mille in prop_oneof![3 => Just(0), 1 => 1..50_u64],
        lost_at_ms in prop::option::weighted(0.2, 0..8_000_u64),
        stall_ms in prop::option::weighted(0.3, (0..6_000_u64, 1..7_000_u64)),
        freeze_ms in prop::option::weighted(0.4, (2..2_000_u64).prop_flat_map(|every| (Just(every), 1..every))),
        slower_ppm in -10_000..10_000_i64,
    ) -> Faults {
        Faults {
            delay_ms,
            jitter_ms,
            bunch_ms,
            piece_bytes,
            wrong_bits_per_mille,
            lost_at_ms,
            stall_ms,
            freeze_ms,
            slower_ppm,
        }
    }
}

proptest! {
    // The same mixtures each time, so that a change is what makes it fail; PROPTEST_RNG_SEED draws
    // others.
    #![proptest_config(ProptestConfig {
        cases: 48,
        rng_seed: match std::env::var_os("PROPTEST_RNG_SEED") {
            Some(_) => ProptestConfig::default().rng_seed,
            None => RngSeed::Fixed(1),
        },
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_promised_holds_in_any_call(
        script in prop::sample::select(&SCRIPTS[..]),
        faults in any_faults(),
        seed: u64,
        cuts in prop::collection::vec(1..500_usize, 1..20),
    ) {
        let case = Case { script, faults, seed };
        let outcome = run(&case, &[usize::MAX]);
        check(&outcome, faults, script.name);
        prop_assert!(outcome == run(&case, &cuts));
    }
}
