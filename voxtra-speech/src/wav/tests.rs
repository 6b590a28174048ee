use std::io::Cursor;

use proptest::prelude::*;

use voxtra_core::audio::Law;

use super::*;

#[test]
fn a_recording_that_is_too_long_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("long.wav");
    write(&file, 8_000, 1, &[1; 1_000]).unwrap();
    assert_eq!(read_up_to(&file, 1_000).unwrap().samples.len(), 1_000);
    let error = read_up_to(&file, 999).unwrap_err();
    assert!(matches!(error, WavError::TooManySamples(999)), "{error}");
}

/// A WAV written by another implementation (hound).
fn written(
    bits: u16,
    float: bool,
    channels: u16,
    samples: impl IntoIterator<Item = f64>,
) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels,
        sample_rate: 22_050,
        bits_per_sample: bits,
        sample_format: if float {
            hound::SampleFormat::Float
        } else {
            hound::SampleFormat::Int
        },
    };
    let mut writer = hound::WavWriter::new(&mut file, spec).unwrap();
    for sample in samples {
        if float {
            writer.write_sample(sample as f32).unwrap();
        } else {
            let scale = f64::from(1_u32 << (bits - 1));
            writer.write_sample((sample * scale) as i32).unwrap();
        }
    }
    writer.finalize().unwrap();
    file.into_inner()
}

#[test]
fn every_width_is_read_to_the_same_samples() {
    let wave = [0.0, 0.25, -0.25, 0.5, -0.5, -1.0];
    let expected = [0_i16, 8_192, -8_192, 16_384, -16_384, -32_768];
    for (bits, float) in [
        (8, false),
        (16, false),
        (24, false),
        (32, false),
        (32, true),
    ] {
        let recording = read_from(Cursor::new(written(bits, float, 1, wave))).unwrap();
        assert_eq!(recording.rate_hz, 22_050);
        for (got, expected) in recording.samples.iter().zip(expected) {
            assert!(
                got.abs_diff(expected) <= 1,
                "{bits} bits, float {float}: {got} for {expected}"
            );
        }
        assert_eq!(recording.samples.len(), wave.len());
    }
}

#[test]
fn floats_beyond_full_scale_are_clipped() {
    let recording = read_from(Cursor::new(written(32, true, 1, [2.0, -2.0, f64::NAN]))).unwrap();
    assert_eq!(recording.samples, [i16::MAX, i16::MIN, 0]);
}

#[test]
fn channels_are_averaged() {
    let recording = read_from(Cursor::new(written(
        16,
        false,
        2,
        [0.5, 0.25, -0.5, 0.5, -1.0, -1.0],
    )))
    .unwrap();
    assert_eq!(recording.samples, [12_288, 0, -32_768]);
}

#[test]
fn what_is_written_is_read_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    let samples: Vec<i16> = (0..1_000)
        .map(|n: i32| (n * 7_919 % 65_536 - 32_768) as i16)
        .collect();
    write(&path, 16_000, 1, &samples).unwrap();
    assert_eq!(
        read(&path).unwrap(),
        Recording {
            rate_hz: 16_000,
            samples
        }
    );
}

/// A header as a program writes it to a pipe.
fn header(data_size: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF\xff\xff\xff\x7fWAVE");
    // An odd chunk to be ignored, padded.
    bytes.extend(b"LIST\x03\0\0\0abc\0");
    bytes.extend(b"fmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0");
    bytes.extend(b"data");
    bytes.extend(data_size.to_le_bytes());
    bytes
}

#[test]
fn lengths_that_nobody_knew_mean_to_the_end() {
    for size in [0, 0x7fff_f000, 0x7fff_ffff, u32::MAX] {
        let mut bytes = header(size);
        bytes.extend([1, 0, 2, 0, 3, 0]);
        let recording = read_from(Cursor::new(bytes)).unwrap();
        assert_eq!(
            recording,
            Recording {
                rate_hz: 8_000,
                samples: vec![1, 2, 3]
            },
            "{size:#x}"
        );
    }
}

#[test]
fn chunks_after_the_samples_are_not_samples() {
    let mut bytes = header(4);
    bytes.extend([1, 0, 2, 0]);
    bytes.extend(b"LIST\x04\0\0\0abcd");
    assert_eq!(read_from(Cursor::new(bytes)).unwrap().samples, [1, 2]);
}

#[test]
fn what_telephone_recorders_write_is_read() {
    for (tag, law) in [(6, Law::A), (7, Law::Mu)] {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0".to_vec();
        file.extend([tag, 0, 1, 0]);
        file.extend(8000_u32.to_le_bytes());
        file.extend(8000_u32.to_le_bytes());
        file.extend([1, 0, 8, 0, 0, 0]);
        // As the standard requires of all formats but PCM.
        file.extend(b"fact\x04\0\0\0\0\x01\0\0");
        file.extend(b"data\0\x01\0\0");
        file.extend(0..=255_u8);
        let recording = read_from(Cursor::new(file)).unwrap();
        assert_eq!(recording.rate_hz, 8000);
        let samples: Vec<_> = (0..=255).map(|byte| law.decode(byte)).collect();
        assert_eq!(recording.samples, samples, "{law:?}");
    }
}

#[test]
fn each_bad_file_says_why() {
    let mut gsm = header(2);
    gsm[32] = 0x31;
    gsm.extend([0, 0]);
    let mut slow = header(2);
    slow[36..40].copy_from_slice(&100_u32.to_le_bytes());
    let mut cut = header(100);
    cut.extend([0; 60]);
    for (bytes, says) in [
        (b"ID3\x04 an mp3".to_vec(), "not a WAV"),
        (b"RIFF\0\0\0\0AVI LIST".to_vec(), "not a WAV"),
        (b"RI".to_vec(), "not a WAV"),
        (Vec::new(), "before any samples"),
        (header(8)[..20].to_vec(), "before any samples"),
        (
            b"RIFF\0\0\0\0WAVEdata\x02\0\0\0\0\0".to_vec(),
            "before their format",
        ),
        (
            b"RIFF\0\0\0\0WAVEfmt \x02\0\0\0\x01\0".to_vec(),
            "too short",
        ),
        (gsm, "format 0x0031"),
        (slow, "100 Hz"),
        (cut, "40 bytes are missing"),
    ] {
        let error = read_from(Cursor::new(bytes)).unwrap_err().to_string();
        assert!(error.contains(says), "{error:?} should say {says:?}");
    }
}

proptest! {
    #[test]
    fn a_stream_gives_the_same_samples_however_it_is_cut(
        samples in prop::collection::vec(-1.0..1.0_f64, 0..200),
        stereo in any::<bool>(),
        cuts in prop::collection::vec(1..50_usize, 1..50),
    ) {
        let samples = if stereo { &samples[..samples.len() / 2 * 2] } else { &samples[..] };
        let bytes = written(24, false, if stereo { 2 } else { 1 }, samples.iter().copied());
        let whole = read_from(Cursor::new(&bytes)).ok();
        let (mut stream, mut out, mut rest) = (WavStream::new(), Vec::new(), &bytes[..]);
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            stream.push(head, &mut out).unwrap();
            rest = tail;
        }
        let rate_hz = stream.finish().ok();
        prop_assert_eq!(whole, rate_hz.map(|rate_hz| Recording { rate_hz, samples: out }));
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_from(Cursor::new(&bytes));
        let mut after_header = header(0);
        after_header.truncate(24);
        after_header.extend(&bytes);
        let _ = read_from(Cursor::new(after_header));
    }
}

#[test]
fn a_recording_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.wav");
    write(&path, 8_000, 1, &[1, 2, 3]).unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(read(&path).unwrap().samples, [1, 2, 3]);
}
