//! What is one press, and what is two.

use crate::signal::{Chance, KEYS, Pair, Signal, told};

/// The same key's tones twice, this far apart.
fn twice(on_ms: f64, pause_ms: f64, snr_db: Option<f64>) -> Vec<String> {
    let mut heard = Vec::new();
    for key in 0..16 {
        for alignment in 0..8 {
            let mut chance = Chance::new(1 + key as u64 * 100 + alignment);
            let from = 60.0 + 2.5 * alignment as f64;
            let pair = Pair::of(key, &mut chance);
            let mut line = Signal::silent(300.0);
            line.add(from, on_ms, &pair);
            line.add(from + on_ms + pause_ms, on_ms, &Pair::of(key, &mut chance));
            if let Some(snr_db) = snr_db {
                line.add_noise(pair.power() / 10_f64.powf(snr_db / 10.0), &mut chance);
            }
            let digits = line.heard();
            assert!(
                digits.chars().all(|digit| KEYS[key..].starts_with(digit)),
                "{digits}"
            );
            heard.push(digits);
        }
    }
    heard
}

#[test]
fn a_pause_of_40_ms_parts_two_presses_of_a_key() {
    for pause in [36.0, 40.0, 45.0, 90.0] {
        for snr_db in [None, Some(20.0)] {
            let heard = twice(45.0, pause, snr_db);
            assert!(
                heard.iter().all(|digits| digits.len() == 2),
                "{pause} ms: {heard:?}"
            );
        }
    }
}

#[test]
fn an_interruption_of_10_ms_does_not_and_neither_does_a_lost_frame() {
    for pause in [1.0, 5.0, 10.0, 20.0, 28.0] {
        for snr_db in [None, Some(20.0)] {
            let heard = twice(45.0, pause, snr_db);
            assert!(
                heard.iter().all(|digits| digits.len() == 1),
                "{pause} ms: {heard:?}"
            );
        }
    }
}

#[test]
fn a_hole_anywhere_in_100_ms_leaves_one_press() {
    for hole in [3.0, 10.0, 20.0] {
        for at in 0..=((100.0 - hole) / 5.0) as usize {
            let told = told(1, |key, from, chance| {
                let mut line = Signal::silent(220.0);
                line.add(from, 100.0, &Pair::of(key, chance));
                line.silence(from + 5.0 * at as f64, hole);
                line
            });
            assert!(told.all(), "{hole} ms after {} ms: {told:?}", 5 * at);
        }
    }
}

#[test]
fn a_lost_frame_leaves_one_press_and_two_may_make_two() {
    for key in 0..16 {
        for (lost, presses) in [(1, 1..=1), (2, 1..=2)] {
            for at in 0..6 {
                let mut line = Signal::silent(300.0);
                line.add(67.0, 120.0, &Pair::of(key, &mut Chance::new(4)));
                line.silence(60.0 + 20.0 * f64::from(at), 20.0 * f64::from(lost));
                let heard = line.heard();
                assert!(presses.contains(&heard.len()), "{lost} lost, {at}: {heard}");
            }
        }
    }
}

#[test]
fn a_held_key_is_one_press_however_long_and_in_noise() {
    for snr_db in [15.0, 40.0] {
        let told = told(1, |key, from, chance| {
            let pair = Pair::of(key, chance);
            let mut line = Signal::silent(2_000.0);
            line.add(from, 1_900.0, &pair);
            line.add_noise(pair.power() / 10_f64.powf(snr_db / 10.0), chance);
            line
        });
        assert!(told.all(), "{snr_db}: {told:?}");
    }
}

#[test]
fn different_keys_need_no_pause() {
    for first in 0..16 {
        for second in (0..16).filter(|second| *second != first) {
            let mut chance = Chance::new(8);
            let mut line = Signal::silent(240.0);
            line.add(63.0, 60.0, &Pair::of(first, &mut chance));
            line.add(123.0, 60.0, &Pair::of(second, &mut chance));
            assert_eq!(
                line.heard(),
                [&KEYS[first..=first], &KEYS[second..=second]].concat()
            );
        }
    }
}

#[test]
fn a_machine_that_dials_fast_is_understood() {
    let number = "0041791234567#11*22#99";
    let mut chance = Chance::new(6);
    for snr_db in [18.0, 40.0] {
        let mut line = Signal::silent(3_000.0);
        for (n, digit) in number.chars().enumerate() {
            let pair = Pair::of(KEYS.find(digit).unwrap(), &mut chance);
            line.add(100.0 + 90.0 * n as f64, 45.0, &pair);
        }
        let power = Pair::of(0, &mut chance).power();
        line.add_noise(power / 10_f64.powf(snr_db / 10.0), &mut chance);
        assert_eq!(line.heard(), number);
    }
}
