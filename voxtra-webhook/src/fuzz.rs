//! Signatures, as a receiver checks them, and a receiver's answers.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use sha2::{Digest, Sha256};

use super::Signer;
use super::retry::AttemptOutcome;

/// What was signed verifies, and nothing else does: no other body, no other secret, and no header
/// other than the HMAC of RFC 2104. An answer is classified by its status alone, whatever its
/// `Retry-After` says.
///
/// The input is the length of the secret, the secret, the length of the header, the header, and the
/// body.
pub fn webhook(data: &[u8]) {
    let (secret, rest) = prefixed(data);
    let (header, body) = prefixed(rest);
    let secret = String::from_utf8_lossy(secret);
    signature(&secret, &String::from_utf8_lossy(header), body);
    answer(body, header);
}

fn signature(secret: &str, header: &str, body: &[u8]) {
    let signer = Signer::new(&secret.into());
    let good = signer.sign(body);
    let expected = hmac(secret.as_bytes(), body);
    assert_eq!(good, hex::encode(expected));
    assert!(signer.verify(body, &good));

    // Upper case is the same number.
    let is_right = hex::decode(header).is_ok_and(|tag| tag == expected);
    assert_eq!(signer.verify(body, header), is_right, "{header:?}");
    for wrong in [
        good.replace(&good[..1], if good.starts_with('0') { "1" } else { "0" }),
        good[..62].to_owned(),
        format!("{good}00"),
        format!(" {good}"),
        String::new(),
    ] {
        assert!(!signer.verify(body, &wrong), "{wrong:?}");
    }

    let mut longer = body.to_vec();
    longer.push(0);
    assert!(!signer.verify(&longer, &good));
    if let Some((last, shorter)) = body.split_last() {
        assert!(!signer.verify(shorter, &good));
        let mut changed = shorter.to_vec();
        changed.push(last ^ 1);
        assert!(!signer.verify(&changed, &good));
    }
    let other = Signer::new(&format!("{secret}!").as_str().into());
    assert!(!other.verify(body, &good));
}

fn answer(body: &[u8], retry_after: &[u8]) {
    let number = match body {
        [high, low, ..] => 100 + u16::from_be_bytes([*high, *low]) % 900,
        _ => 500,
    };
    let Ok(status) = StatusCode::from_u16(number) else {
        return;
    };
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(retry_after) {
        headers.insert(RETRY_AFTER, value);
    }
    let now = jiff::Timestamp::UNIX_EPOCH;
    let outcome = AttemptOutcome::of_answer(status, &headers, now);
    match number {
        200..300 => assert_eq!(outcome, AttemptOutcome::Delivered),
        408 | 425 | 429 | 500..600 => assert!(matches!(outcome, AttemptOutcome::Retry { .. })),
        410 => assert!(matches!(outcome, AttemptOutcome::Gone { .. })),
        _ => assert!(matches!(outcome, AttemptOutcome::Refused { .. })),
    }
}

/// HMAC-SHA256 as RFC 2104 defines it: H((K ^ opad) || H((K ^ ipad) || text)), with blocks of 64
/// bytes.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36));
    let inner = inner.chain_update(text).finalize();
    let outer = Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c));
    outer.chain_update(inner).finalize().into()
}

/// The part at the front, after its length byte, and the rest.
fn prefixed(data: &[u8]) -> (&[u8], &[u8]) {
    match data.split_first() {
        Some((length, rest)) => rest.split_at(usize::from(*length).min(rest.len())),
        None => (data, data),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_secret_header_and_body(data in prop::collection::vec(any::<u8>(), 0..400)) {
            super::webhook(&data);
        }
    }
}
