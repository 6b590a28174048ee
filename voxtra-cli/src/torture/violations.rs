//! Frames that break the protocol in a call that is up.

use super::case::{Family, Lane, goes_on_or_ends, seconds};
use super::target::{FRAME_BYTES, SOON, Target};
use super::wire::{mark, message};

pub(super) fn family() -> Family {
    let good = "goes on in step, or ends the call; sends nothing that Asterisk hangs up for";
    let violation =
        |family: Family, name: &'static str, does: &'static str, frames: Vec<Vec<u8>>| {
            family.case(name, Lane::Beside, does, good, move |target| {
                within(target, frames)
            })
        };
    let family = Family::new("violations");
    let family = violation(
        family,
        "second-id",
        "presents an id again",
        vec![message(0x01, &[7; 16])],
    );
    let family = violation(
        family,
        "id-length-later",
        "sends an id of 3 bytes in a call",
        vec![message(0x01, &[7; 3])],
    );
    let family = violation(
        family,
        "unknown-kind",
        "sends kinds 0x02, 0x42, 0x19 and 0xfe",
        vec![
            message(0x02, &[]),
            message(0x42, b"what"),
            message(0x19, &[0; 320]),
            message(0xfe, &[1]),
        ],
    );
    let family = violation(
        family,
        "unknown-kind-long",
        "sends 65,535 bytes of an unknown kind",
        vec![message(0x55, &[0x10; 65_535])],
    );
    let family = violation(
        family,
        "empty-audio",
        "sends audio frames of no bytes",
        vec![message(0x10, &[]); 3],
    );
    let family = violation(
        family,
        "odd-payload",
        "sends 321 and 1 bytes of audio",
        vec![message(0x10, &mark(321)), message(0x10, &[1])],
    );
    let family = violation(
        family,
        "mulaw-under-pcm",
        "sends µ-law (160-byte payloads) under the kind of 8 kHz PCM",
        vec![message(0x10, &[0x7f; 160]); 25],
    );
    let family = violation(
        family,
        "rate-changes",
        "changes the sample rate in mid-call and back",
        vec![
            message(0x12, &mark(640)),
            message(0x16, &mark(1920)),
            message(0x10, &mark(FRAME_BYTES)),
        ],
    );
    let family = violation(
        family,
        "dtmf-digit",
        "presses keys that there are not: x, 0x00, 0xff",
        vec![
            message(0x03, b"x"),
            message(0x03, &[0]),
            message(0x03, &[0xff]),
        ],
    );
    let family = violation(
        family,
        "dtmf-length",
        "sends DTMF of 0, 2 and 300 bytes",
        vec![
            message(0x03, &[]),
            message(0x03, b"12"),
            message(0x03, &[b'1'; 300]),
        ],
    );
    let family = violation(
        family,
        "error-frames",
        "sends error frames of 0, 1 and 2 bytes",
        vec![
            message(0xff, &[]),
            message(0xff, &[1]),
            message(0xff, &[4]),
            message(0xff, &[1, 2]),
        ],
    );
    let family = violation(
        family,
        "longest-audio",
        "sends an audio frame of 65,535 bytes",
        vec![message(0x10, &mark(65_535))],
    );
    let family = violation(
        family,
        "garbage",
        "sends 64 KiB of noise",
        vec![completed(noise(64 * 1024))],
    );
    family
        .case(
            "hangup-payload",
            Lane::Beside,
            "sends a hang-up with a payload",
            "ends the call within 5 s",
            |target| ends(target, message(0x00, b"bye")),
        )
        .case(
            "hangup",
            Lane::Beside,
            "sends a hang-up",
            "ends the call within 5 s",
            |target| ends(target, message(0x00, &[])),
        )
}

async fn within(target: Target, frames: Vec<Vec<u8>>) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    for frame in frames {
        // A server that ends the call in the middle of this is within its rights.
        if peer.writer.send(&frame).await.is_err() {
            break;
        }
    }
    goes_on_or_ends(target.goes_on(&mut peer).await)
}

async fn ends(target: Target, bytes: Vec<u8>) -> Result<String, String> {
    let mut peer = target.proven_call().await?;
    peer.writer.send(&bytes).await?;
    let (after, _) = peer.reader.closed(SOON).await?;
    Ok(format!("closed after {}", seconds(after)))
}

/// Noise that is the same in every run, so that a failure can be repeated (a 32-bit xorshift,
/// Marsaglia 2003).
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    })
    .take(bytes)
    .collect()
}

/// With the rest of the frame in which it ends, so that what follows begins with a header.
fn completed(mut bytes: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while at < bytes.len() {
        at += match bytes.get(at + 1..at + 3) {
            Some(&[high, low]) => 3 + usize::from(u16::from_be_bytes([high, low])),
            _ => 3,
        };
    }
    bytes.resize(at, 0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_ends_with_a_whole_frame() {
        assert_eq!(completed(vec![1, 0, 2, 9]), [1, 0, 2, 9, 0]);
        assert_eq!(completed(vec![1, 0]), [1, 0, 0]);
        assert_eq!(completed(vec![1, 0, 1, 9]), [1, 0, 1, 9]);
        assert_eq!(noise(8), noise(8));
    }
}
