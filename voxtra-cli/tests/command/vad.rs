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

mod plot {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use roxmltree::Document;

    use super::*;

    /// The stretches of speech in a picture, in ms.
    fn speech(svg: &str) -> Vec<(u64, u64)> {
        let svg = Document::parse(svg).unwrap();
        let ms = |node: roxmltree::Node<'_, '_>, name| node.attribute(name)?.parse().ok();
        svg.descendants()
            .filter(|node| node.attribute("class") == Some("speech"))
            .filter_map(|node| Some((ms(node, "data-start-ms")?, ms(node, "data-end-ms")?)))
            .collect()
    }

    /// The stretches that `--json` prints.
    fn printed(path: &str, options: &[&str]) -> Vec<(u64, u64)> {
        let run = voxtra(&[&["vad", path, "--json"], options].concat());
        let summary: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let segments = summary["segments"].as_array().unwrap().iter();
        segments
            .map(|s| {
                (
                    s["start_ms"].as_u64().unwrap(),
                    s["end_ms"].as_u64().unwrap(),
                )
            })
            .collect()
    }

    fn wav(path: &Path, rate: u32, channels: u16, samples: impl IntoIterator<Item = i16>) {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        for sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
    }

    #[test]
    fn shows_what_is_printed_beside_what_is_printed() {
        let directory = fresh_directory("vad-plot");
        let svg = directory.join("out.svg");
        for options in [
            &[][..],
            &["--detector", "energy"],
            &["--frames"],
            &["--json"],
        ] {
            let plain = voxtra(&[&["vad", RECORDING], options].concat());
            let plot = ["--plot", svg.to_str().unwrap()];
            let run = voxtra(&[&["vad", RECORDING], options, &plot].concat());
            assert_eq!((run.status, &run.out), (0, &plain.out), "{options:?}");
            assert!(
                run.err.contains(&format!("plot: {}", svg.display())),
                "{}",
                run.err
            );
            let detector = options
                .iter()
                .filter(|o| !o.starts_with("--f") && **o != "--json");
            let printed = printed(RECORDING, &detector.copied().collect::<Vec<_>>());
            assert!(!printed.is_empty());
            assert_eq!(speech(&fs::read_to_string(&svg).unwrap()), printed);
        }
        // It shows what somebody said.
        let mode = fs::metadata(&svg).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn any_recording_is_drawn() {
        let directory = fresh_directory("vad-plot-any");
        let tone = |n: u32| ((f64::from(n) * 0.4).sin() * 9000.0) as i16;
        for (name, rate, channels, samples) in [
            ("silence.wav", 8_000, 1, vec![0; 24_000]),
            ("one-sample.wav", 8_000, 1, vec![-5]),
            ("ten-ms.wav", 44_100, 2, (0..882).map(tone).collect()),
            (
                "stereo & <odd>.wav",
                48_000,
                2,
                (0..144_001 * 2).map(tone).collect(),
            ),
            ("minutes.wav", 8_000, 1, (0..8_000 * 95).map(tone).collect()),
        ] {
            let path = directory.join(name);
            wav(&path, rate, channels, samples);
            let path = path.to_str().unwrap();
            let run = voxtra(&["vad", path, "--plot", "-", "--detector", "energy"]);
            assert_eq!(run.status, 0, "{name}: {}", run.err);
            let mut drawn = speech(&run.out);
            // What goes on in the next row is there twice.
            drawn.dedup();
            assert_eq!(drawn, printed(path, &["--detector", "energy"]), "{name}");
            assert!(run.err.contains("of speech"), "{}", run.err);
        }
    }

    #[test]
    fn the_configuration_decides_turns_and_detector() {
        let directory = fresh_directory("vad-config");
        let config = directory.join("voxtra.toml");
        fs::write(
            &config,
            "[media]\ndetector = \"energy\"\n[turn]\nstart_threshold = 0.8\nstop_threshold = 0.2\n",
        )
        .unwrap();
        let run = voxtra(&[
            "vad",
            RECORDING,
            "-c",
            config.to_str().unwrap(),
            "--plot",
            "-",
        ]);
        assert_eq!(run.status, 0, "{}", run.err);
        for words in ["detector energy", "start 0.8", "stop 0.2"] {
            assert!(run.out.contains(words), "{words}");
        }
    }

    #[test]
    fn a_picture_that_cannot_be_written_is_told_and_nothing_is_printed() {
        let directory = fresh_directory("vad-plot-bad");
        let nowhere = directory.join("missing/out.svg");
        for (path, advice) in [
            (nowhere.to_str().unwrap(), "its directory must exist"),
            (directory.to_str().unwrap(), "name a file in it"),
        ] {
            let run = voxtra(&["vad", RECORDING, "--plot", path]);
            assert_eq!(run.status, 1, "{path}");
            assert!(
                run.err.contains(path) && run.err.contains(advice),
                "{}",
                run.err
            );
            assert!(run.out.is_empty());
        }
        for options in [&["--plot", "-", "--json"][..], &["--plot", "-", "--frames"]] {
            let run = voxtra(&[&["vad", RECORDING], options].concat());
            assert_eq!(run.status, 2, "{}", run.err);
            assert!(run.out.is_empty());
        }
    }

    #[test]
    fn the_recording_is_not_overwritten() {
        let directory = fresh_directory("vad-plot-same");
        let copy = directory.join("call.wav");
        fs::copy(RECORDING, &copy).unwrap();
        let path = copy.to_str().unwrap();
        let run = voxtra(&["vad", path, "--plot", path]);
        assert_eq!(run.status, 2, "{}", run.err);
        assert_eq!(fs::read(&copy).unwrap(), fs::read(RECORDING).unwrap());
    }
}

#[test]
fn a_telephone_recorders_file_is_heard_as_the_pcm_it_was() {
    let directory = fresh_directory("vad-mulaw");
    let mut pcm = hound::WavReader::open(RECORDING).unwrap();
    let rate = pcm.spec().sample_rate;
    let bytes: Vec<u8> = pcm
        .samples::<i16>()
        .map(|sample| voxtra::core::audio::Law::Mu.encode(sample.unwrap()))
        .collect();
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0".to_vec();
    file.extend(rate.to_le_bytes());
    file.extend(rate.to_le_bytes());
    file.extend([1, 0, 8, 0]);
    file.extend(b"data");
    file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    file.extend(&bytes);
    let path = directory.join("recorder.wav");
    fs::write(&path, file).unwrap();
    let run = voxtra(&["vad", path.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(
        run.out.lines().count(),
        voxtra(&["vad", RECORDING]).out.lines().count()
    );
}
