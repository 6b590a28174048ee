//! Frequencies, levels, twist, durations, noise and dial tone: what must be taken and what must be
//! left.

use voxtra_core::dtmf::DtmfDetector;

use crate::signal::{Chance, KEYS, Pair, Signal, heard, told};

/// A tone of 40 ms, changed, in a line of 200 ms.
fn forty_ms(change: impl Fn(&mut Pair)) -> impl FnMut(usize, f64, &mut Chance) -> Signal {
    move |key, from, chance| {
        let mut pair = Pair::of(key, chance);
        change(&mut pair);
        let mut line = Signal::silent(200.0);
        line.add(from, 40.0, &pair);
        line
    }
}

/// The same in white noise, this much softer.
fn in_noise(
    snr_db: f64,
    change: impl Fn(&mut Pair),
) -> impl FnMut(usize, f64, &mut Chance) -> Signal {
    move |key, from, chance| {
        let mut pair = Pair::of(key, chance);
        change(&mut pair);
        let mut line = Signal::silent(200.0);
        line.add(from, 40.0, &pair);
        line.add_noise(pair.power() / 10_f64.powf(snr_db / 10.0), chance);
        line
    }
}

#[test]
fn every_digit_of_40_ms_is_heard_once_wherever_frames_are_cut() {
    let told = told(40, forty_ms(|_| ()));
    assert!(told.all(), "{told:?}");
}

#[test]
fn a_digit_is_told_within_two_frames_after_its_40_ms() {
    let mut chance = Chance::new(3);
    for key in 0..16 {
        for step in 0..10 {
            let from = 60.3 + 2.0 * f64::from(step);
            let mut line = Signal::silent(220.0);
            line.add(from, 150.0, &Pair::of(key, &mut chance));
            let heard = heard(&line.pcm());
            assert_eq!(heard.len(), 1, "{heard:?}");
            let after = heard[0].0 as f64 - from;
            assert!((37.0..65.0).contains(&after), "told after {after} ms");
        }
    }
}

#[test]
fn levels_from_0_to_minus_25_dbm0_are_heard_and_the_softest_are_not() {
    for dbm0 in [0.0, -3.0, -6.0, -15.0, -25.0] {
        let told = told(10, forty_ms(|pair| pair.dbm0 = [dbm0; 2]));
        assert!(told.all(), "{dbm0} dBm0: {told:?}");
    }
    for dbm0 in [-31.0, -40.0, -60.0] {
        let told = told(10, forty_ms(|pair| pair.dbm0 = [dbm0; 2]));
        assert!(told.none(), "{dbm0} dBm0: {told:?}");
    }
}

#[test]
fn twist_is_accepted_up_to_8_db_one_way_and_4_db_the_other() {
    for twist in [8.0, 5.0, 2.0, -2.0, -4.0] {
        for loudest in [-3.0, -15.0] {
            let told = told(
                10,
                forty_ms(|pair| {
                    pair.dbm0 = [
                        loudest + f64::min(twist, 0.0),
                        loudest - f64::max(twist, 0.0),
                    ];
                }),
            );
            assert!(told.all(), "{twist} dB at {loudest} dBm0: {told:?}");
        }
    }
    for twist in [12.0, 15.0, -6.5, -9.0] {
        let told = told(
            10,
            forty_ms(|pair| {
                pair.dbm0 = [-5.0 + f64::min(twist, 0.0), -5.0 - f64::max(twist, 0.0)];
            }),
        );
        assert!(told.none(), "{twist} dB: {told:?}");
    }
}

#[test]
fn frequencies_within_1_5_percent_and_2_hz_are_heard() {
    for signs in [
        [-1.0, -1.0],
        [-1.0, 1.0],
        [1.0, -1.0],
        [1.0, 1.0],
        [0.0, 1.0],
        [1.0, 0.0],
    ] {
        let off = |pair: &mut Pair| {
            for (hz, sign) in pair.hz.iter_mut().zip(signs) {
                *hz += sign * (0.015 * *hz + 2.0);
            }
        };
        let clean = told(10, forty_ms(off));
        assert!(clean.all(), "{signs:?}: {clean:?}");
        let noisy = told(5, in_noise(20.0, off));
        assert!(noisy.all(), "{signs:?} in noise: {noisy:?}");
    }
}

#[test]
fn frequencies_that_are_off_by_3_5_percent_are_not_heard() {
    for share in [0.035, 0.05] {
        for [low, high] in [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [1.0, 1.0]] {
            let told = told(4, |key, from, chance| {
                let mut pair = Pair::of(key, chance);
                pair.hz[0] *= 1.0 + share * low;
                pair.hz[1] *= 1.0 + share * high;
                let mut line = Signal::silent(240.0);
                line.add(from, 150.0, &pair);
                line
            });
            assert!(told.none(), "{share} {low} {high}: {told:?}");
        }
    }
}

#[test]
fn a_tone_of_36_ms_is_a_digit_and_one_of_25_ms_is_not() {
    let lasting = |ms| {
        told(20, move |key, from, chance| {
            let mut line = Signal::silent(200.0);
            line.add(from, ms, &Pair::of(key, chance));
            line
        })
    };
    for ms in [36.0, 38.0, 40.0, 45.0, 50.0, 100.0] {
        assert!(lasting(ms).all(), "{ms} ms: {:?}", lasting(ms));
    }
    for ms in [5.0, 10.0, 15.0, 20.0, 23.0, 25.0] {
        assert!(lasting(ms).none(), "{ms} ms: {:?}", lasting(ms));
    }
    // In between is either.
    for ms in [28.0, 31.0, 34.0] {
        assert!(lasting(ms).other.is_empty(), "{ms} ms: {:?}", lasting(ms));
    }
}

#[test]
fn noise_15_db_softer_hides_one_digit_in_200_at_most() {
    for snr_db in [15.0, 18.0, 24.0] {
        let plain = told(40, in_noise(snr_db, |_| ()));
        assert!(
            plain.right * 200 >= plain.lines * 199 && plain.other.is_empty(),
            "{snr_db} dB: {plain:?}"
        );
        let reverse = told(40, in_noise(snr_db, |pair| pair.dbm0 = [-10.0, -6.0]));
        assert!(
            reverse.right * 200 >= reverse.lines * 199 && reverse.other.is_empty(),
            "{snr_db} dB: {reverse:?}"
        );
        // With most of the twist that there may be, too, one in 20; with less noise none.
        let worst = told(40, in_noise(snr_db, |pair| pair.dbm0 = [-10.0, -18.0]));
        let enough = if snr_db > 17.0 { 199 } else { 190 };
        assert!(
            worst.right * 200 >= worst.lines * enough && worst.other.is_empty(),
            "{snr_db} dB: {worst:?}"
        );
    }
}

#[test]
fn noise_and_short_digits_in_it_are_no_digits() {
    let told = told(40, |key, from, chance| {
        let pair = Pair::of(key, chance);
        let mut line = Signal::silent(200.0);
        line.add(from, 23.0, &pair);
        line.add_noise(pair.power() / 32.0, chance);
        line
    });
    assert!(told.none(), "{told:?}");
    let mut chance = Chance::new(9);
    for dbm0 in [-30.0, -15.0, -3.0] {
        let mut line = Signal::silent(10_000.0);
        line.add_noise(crate::signal::amplitude(dbm0).powi(2) / 2.0, &mut chance);
        assert_eq!(line.heard(), "");
    }
}

#[test]
fn digits_are_heard_over_dial_tone() {
    for (softer_db, alignments) in [(6.0, 10), (12.0, 5), (20.0, 5)] {
        let told = told(alignments, |key, from, chance| {
            let mut line = Signal::silent(400.0);
            line.add(from + 100.0, 40.0, &Pair::of(key, chance));
            let dial = Pair {
                hz: [350.0, 440.0],
                dbm0: [-10.0 - softer_db; 2],
                phase: [chance.share(), chance.share()],
            };
            line.add(0.0, 400.0, &dial);
            line
        });
        assert!(told.all(), "{softer_db} dB: {told:?}");
    }
}

#[test]
fn the_same_samples_give_the_same_digits_and_a_reset_forgets() {
    let mut chance = Chance::new(5);
    let mut line = Signal::silent(16.0 * 90.0 + 100.0);
    for key in 0..16 {
        line.add(20.0 + 90.0 * key as f64, 45.0, &Pair::of(key, &mut chance));
    }
    line.add_noise(1e4, &mut chance);
    let pcm = line.pcm();
    assert_eq!(line.heard(), KEYS);
    let mut detector = DtmfDetector::new();
    let (frames, _) = pcm.as_chunks();
    let mut hear = |count: usize| {
        let digits = frames[..count]
            .iter()
            .filter_map(|frame| detector.process(frame));
        let digits: String = digits.collect();
        detector.reset();
        digits
    };
    // Cut within a tone.
    assert_eq!(hear(2), "");
    assert_eq!(hear(frames.len()), KEYS);
    assert_eq!(hear(frames.len()), KEYS);
}

#[test]
fn state_is_small() {
    assert!(size_of::<DtmfDetector>() <= 300);
}
