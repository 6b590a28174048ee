use proptest::prelude::*;
use roxmltree::Document;

use super::super::listen::{Choice, FrameVerdict, RATE_HZ, Speech, listen};
use super::row::{INNER, LEFT};
use super::*;

/// A picture of this audio, parsed.
fn drawn(samples: &[i16], choice: Choice, look: impl FnOnce(&Document<'_>, &Analysis)) {
    let settings = TurnSettings::default();
    let heard = listen(choice, settings, samples);
    let svg = Plot {
        name: "call.wav",
        detector: "telephone",
        settings: &settings,
        samples,
        duration_ms: samples.len() as u64 * 1000 / u64::from(RATE_HZ),
        heard: &heard,
    }
    .to_svg();
    look(&Document::parse(&svg).unwrap(), &heard);
}

fn spans(svg: &Document<'_>, class: &str) -> Vec<Speech> {
    let number = |node: roxmltree::Node<'_, '_>, name| node.attribute(name)?.parse().ok();
    let mut spans: Vec<Speech> = svg
        .descendants()
        .filter(|node| node.attribute("class") == Some(class))
        .filter_map(|node| {
            Some(Speech {
                start_ms: number(node, "data-start-ms")?,
                end_ms: number(node, "data-end-ms")?,
            })
        })
        .collect();
    // One that goes on in the next row is there twice.
    spans.dedup();
    spans
}

/// Bursts of a buzz, of a third of a second in each second.
fn bursts(seconds: usize) -> Vec<i16> {
    (0..seconds * 8000)
        .map(|n| match n % 8000 {
            0..2_600 => ((n as f64 * 0.4).sin() * 9000.0) as i16,
            _ => 0,
        })
        .collect()
}

#[test]
fn the_picture_holds_what_was_decided() {
    for seconds in [4, 75, 130] {
        drawn(&bursts(seconds), Choice::Energy, |svg, heard| {
            assert!(heard.segments.len() >= seconds - 1);
            assert_eq!(spans(svg, "speech"), heard.segments);
            assert_eq!(spans(svg, "told"), heard.told());
            let turns = svg
                .descendants()
                .filter(|n| n.attribute("data-ms").is_some());
            assert_eq!(turns.count(), heard.turns_ended_ms.len());
        });
    }
}

#[test]
fn a_stretch_lies_where_its_time_is() {
    drawn(&bursts(4), Choice::Energy, |svg, heard| {
        let rects = svg
            .descendants()
            .filter(|node| node.attribute("class") == Some("speech"));
        let drawn = rects.filter(|node| node.attribute("data-start-ms").is_some());
        for (node, speech) in drawn.zip(&heard.segments) {
            let number = |name| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let ms = |x: f64| (x - LEFT) / INNER * 4_000.0;
            let (x, width) = (number("x"), number("width"));
            assert!((ms(x) - speech.start_ms as f64).abs() < 1.0);
            assert!((ms(x + width) - speech.end_ms as f64).abs() < 1.0);
        }
    });
}

#[test]
fn silence_and_the_shortest_recordings_are_drawn_too() {
    for samples in [0, 1, 159, 160, 161, 8_000, 480_001] {
        drawn(&vec![0; samples], Choice::Telephone, |svg, heard| {
            assert!(heard.segments.is_empty());
            assert!(spans(svg, "speech").is_empty() && spans(svg, "told").is_empty());
            let page = svg.root_element();
            assert_eq!(page.attribute("width"), Some("1200"));
        });
    }
}

#[test]
fn text_cannot_become_markup() {
    let settings = TurnSettings::default();
    let svg = Plot {
        name: "<script>&\"\u{1}]]>",
        detector: "<b>",
        settings: &settings,
        samples: &[1; 800],
        duration_ms: 100,
        heard: &Analysis::default(),
    }
    .to_svg();
    let svg = Document::parse(&svg).unwrap();
    assert!(
        !svg.descendants()
            .any(|n| n.has_tag_name("script") || n.has_tag_name("b"))
    );
    assert!(
        svg.descendants()
            .any(|n| n.text() == Some("<script>&\"\u{fffd}]]>"))
    );
}

#[test]
fn rows_hold_all_of_it_and_are_never_many() {
    assert_eq!(rows(1_000), (1_000, 1));
    assert_eq!(rows(60_000), (60_000, 1));
    assert_eq!(rows(61_000), (35_000, 2));
    assert_eq!(rows(600_000), (60_000, 10));
    assert_eq!(rows(3_600_000), (300_000, 12));
}

/// Two hours that change from frame to frame take no more than a picture of ten minutes may.
#[test]
fn a_picture_is_bounded_however_long_the_recording_is() {
    let settings = TurnSettings::default();
    let seconds = 7_200;
    let frames = (0..seconds * 50).map(|n| FrameVerdict {
        t_ms: n * 20,
        probability: (n * 37 % 101) as f32 / 100.0,
        speech: false,
        told: false,
    });
    let heard = Analysis {
        frames: frames.collect(),
        ..Analysis::default()
    };
    let samples: Vec<i16> = (0..seconds * 8000)
        .map(|n| (n * 7919 % 30_011) as i16)
        .collect();
    let svg = Plot {
        name: "long.wav",
        detector: "telephone",
        settings: &settings,
        samples: &samples,
        duration_ms: seconds * 1000,
        heard: &heard,
    }
    .to_svg();
    assert!(svg.len() < 2_000_000, "{}", svg.len());
    assert!(Document::parse(&svg).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn whatever_was_recorded_is_drawn_as_xml(
        samples in prop::collection::vec(any::<i16>(), 0..20_000),
        name in ".*",
    ) {
        let settings = TurnSettings::default();
        let heard = listen(Choice::Energy, settings, &samples);
        let duration_ms = samples.len() as u64 / 8;
        let svg = Plot { name: &name, detector: "energy", settings: &settings, samples: &samples, duration_ms, heard: &heard }.to_svg();
        let parsed = Document::parse(&svg);
        prop_assert!(parsed.is_ok(), "{parsed:?}");
        prop_assert_eq!(spans(&parsed.unwrap(), "speech"), heard.segments);
        prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn rows_cover_any_duration(duration_ms in 1_u64..1 << 40) {
        let (row_ms, rows) = rows(duration_ms);
        prop_assert!(rows <= MOST_ROWS && row_ms * rows >= duration_ms && row_ms * (rows - 1) < duration_ms);
    }
}
