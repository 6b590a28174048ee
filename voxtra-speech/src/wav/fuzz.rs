//! Recordings: any bytes, cut anywhere.

use std::io::Cursor;

use super::{Recording, WavError, WavStream, read_from};

/// Bytes cut anywhere give the same as in one piece: the same samples or an error. A complete file
/// of 16-bit PCM with one channel and the plainest header gives the samples that hound reads.
///
/// The input is a count (its low four bits), as many lengths of pieces less one, used over and
/// over, and the file.
pub fn wav(data: &[u8]) {
    let (count, rest) = match data.split_first() {
        Some((count, rest)) => (usize::from(count & 15).min(rest.len()), rest),
        None => (0, data),
    };
    let (cuts, file) = rest.split_at(count);
    let whole = read_from(file);
    match (&whole, in_pieces(file, cuts)) {
        (Ok(whole), Ok(pieces)) => assert_eq!(*whole, pieces),
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("{whole:?} in one piece, {pieces:?} in several"),
    }
    if let Ok(recording) = &whole {
        assert!((4_000..=192_000).contains(&recording.rate_hz));
        assert!(recording.samples.len() <= file.len());
        as_hound_reads_it(file, recording);
    }
}

fn in_pieces(file: &[u8], cuts: &[u8]) -> Result<Recording, WavError> {
    let mut stream = WavStream::new();
    let mut samples = Vec::new();
    let mut rest = file;
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let length = cuts.next().map_or(rest.len(), |cut| usize::from(*cut) + 1);
        let (piece, later) = rest.split_at(length.min(rest.len()));
        stream.push(piece, &mut samples)?;
        rest = later;
    }
    let rate_hz = stream.finish()?;
    Ok(Recording { rate_hz, samples })
}

fn as_hound_reads_it(file: &[u8], recording: &Recording) {
    // With other chunks, unknown lengths and the like, readers differ.
    let is_canonical = file.get(12..20) == Some(b"fmt \x10\0\0\0")
        && file.get(20..24) == Some(&[1, 0, 1, 0])
        && file.get(36..40) == Some(b"data");
    let length = file.get(40..44).map_or(0, |length| {
        length
            .iter()
            .rfold(0, |sum, &byte| sum << 8 | usize::from(byte))
    });
    if !is_canonical || length == 0 || length > file.len() - 44 {
        return;
    }
    // hound is stricter about the rest of the header.
    let Ok(reader) = hound::WavReader::new(Cursor::new(file)) else {
        return;
    };
    if reader.spec().bits_per_sample != 16 {
        return;
    }
    assert_eq!(reader.spec().sample_rate, recording.rate_hz);
    if let Ok(samples) = reader.into_samples().collect::<Result<Vec<i16>, _>>() {
        assert_eq!(samples, recording.samples);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..300)) {
            super::wav(&data);
        }

        #[test]
        fn a_recording_with_a_part_replaced(
            cuts in prop::collection::vec(any::<u8>(), 15),
            at in 0..100_usize,
            instead in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let file = include_bytes!("../../../fuzz/seeds/wav/pcm16");
            let mut data = vec![15];
            data.extend(cuts);
            data.extend(file);
            let end = data.len().min(at + instead.len());
            data.splice(at.min(end)..end, instead);
            super::wav(&data);
        }
    }
}
