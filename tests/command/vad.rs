//! `voxtra vad`.

use std::fs;

use super::{RECORDING, fresh_directory, voxtra};

#[test]
fn says_when_somebody_speaks() {
    let run = voxtra(&["vad", RECORDING]);
    assert_eq!(run.status, 0);
    assert_eq!(run.out.lines().count(), 1, "{}", run.out);
    assert!(run.out.contains(" – ") && !run.out.contains('\x1b'));
    assert!(run.err.contains("1 stretch of speech"));
}

#[test]
fn json_holds_the_segments() {
    let run = voxtra(&["vad", RECORDING, "--json"]);
    let summary: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let segment = &summary["segments"][0];
    assert!(segment["start_ms"].as_u64().unwrap() < 300);
    assert!(segment["end_ms"].as_u64().unwrap() > 1_500);
    assert_eq!(summary["duration_ms"], 1902);
}

#[test]
fn frames_are_one_line_for_every_20_ms_at_any_rate() {
    let directory = fresh_directory("vad-frames");
    for (rate, channels) in [(8_000, 1), (22_050, 1), (48_000, 2)] {
        let path = directory.join(format!("{rate}.wav"));
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for n in 0..rate * u32::from(channels) {
            writer.write_sample((n % 50) as i16).unwrap();
        }
        writer.finalize().unwrap();
        let run = voxtra(&["vad", "--frames", path.to_str().unwrap()]);
        let lines: Vec<Vec<&str>> = run.out.lines().map(|l| l.split(',').collect()).collect();
        assert!((49..=50).contains(&lines.len()), "{rate}: {}", lines.len());
        for (n, line) in lines.iter().enumerate() {
            assert_eq!(line[0], (n * 20).to_string());
            assert!((0.0..=1.0).contains(&line[1].parse::<f32>().unwrap()));
            assert!(matches!(line[2], "0" | "1"));
            assert_eq!(line.len(), 3);
        }
    }
}

#[test]
fn a_file_that_is_not_a_recording_is_wrong_usage_and_says_what_is_needed() {
    let directory = fresh_directory("vad-bad");
    let text = directory.join("text.wav");
    fs::write(
        &text,
        "not a recording at all, nor anything near it, for many bytes",
    )
    .unwrap();
    for (path, message) in [
        (text.to_str().unwrap(), "WAV file with PCM"),
        ("/does/not/exist.wav", "can't open /does/not/exist.wav"),
        (directory.to_str().unwrap(), "can't"),
    ] {
        let run = voxtra(&["vad", path]);
        assert_eq!(run.status, 2, "{path}");
        assert!(
            run.err.contains(message) && run.err.contains("help:"),
            "{}",
            run.err
        );
        assert!(run.out.is_empty());
    }
}
