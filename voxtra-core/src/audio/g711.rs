//! G.711, the telephone network's 8-bit companding, bit-exact to ITU-T G.711 (and to the STL
//! reference of G.191).

/// One of the two laws.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Law {
    /// µ-law: North America and Japan (Asterisk's `ulaw`).
    Mu,
    /// A-law: everywhere else (Asterisk's `alaw`).
    A,
}

impl Law {
    /// The 16-bit value of one byte: the 14-bit (µ) or 13-bit (A) value of the recommendation,
    /// scaled to 16 bits.
    pub const fn decode(self, byte: u8) -> i16 {
        self.table()[byte as usize]
    }

    /// The byte nearest to a 16-bit sample, by the recommendation's decision values.
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::Mu => encode_mu(sample),
            Self::A => encode_a(sample),
        }
    }

    /// The byte that decodes to silence, or to the value nearest to it.
    pub const fn silence(self) -> u8 {
        self.encode(0)
    }

    /// Decodes as many bytes as there are in both; returns how many.
    pub fn decode_into(self, bytes: &[u8], out: &mut [i16]) -> usize {
        let table = self.table();
        for (sample, &byte) in out.iter_mut().zip(bytes) {
            *sample = table[usize::from(byte)];
        }
        bytes.len().min(out.len())
    }

    /// Encodes as many samples as there are in both; returns how many.
    pub fn encode_into(self, samples: &[i16], out: &mut [u8]) -> usize {
        let bytes = out.iter_mut().zip(samples);
        match self {
            Self::Mu => bytes.for_each(|(byte, &sample)| *byte = encode_mu(sample)),
            Self::A => bytes.for_each(|(byte, &sample)| *byte = encode_a(sample)),
        }
        samples.len().min(out.len())
    }

    const fn table(self) -> &'static [i16; 256] {
        match self {
            Self::Mu => &MU,
            Self::A => &A,
        }
    }
}

/// The bias of µ-law (33 at 14 bits) makes each segment start at a power of two.
const MU_BIAS: u16 = 33;
/// The largest magnitude µ-law takes, bias included (8159 + 33 - 1, at 14 bits).
const MU_LIMIT: u16 = 0x1fff;

/// µ-law: sign, 3 bits of segment, 4 bits of step within it, all inverted.
const fn encode_mu(sample: i16) -> u8 {
    // One's complement for negative values: each sign gets the same number of codes.
    let magnitude = (sample ^ (sample >> 15)) as u16;
    let biased = (magnitude >> 2) + MU_BIAS;
    let biased = if biased > MU_LIMIT { MU_LIMIT } else { biased };
    // 33..=63 is segment 0, 64..=127 segment 1, and so on.
    let segment = (10 - biased.leading_zeros()) as u8;
    let step = (biased >> (segment + 1)) as u8 & 0x0f;
    let sign = ((sample >> 15) as u8) & 0x80;
    !(sign | segment << 4 | step)
}

/// A-law: sign, 3 bits of segment, 4 bits of step within it, every other bit inverted.
const fn encode_a(sample: i16) -> u8 {
    let magnitude = ((sample ^ (sample >> 15)) as u16) >> 4;
    // 0..=15 is segment 0 and 16..=31 segment 1, both with the smallest step; from there on they
    // double.
    let segment = (12 - (magnitude | 0x0f).leading_zeros()) as u8;
    let shift = segment.saturating_sub(1);
    let step = (magnitude >> shift) as u8 & 0x0f;
    let sign = !((sample >> 15) as u8) & 0x80;
    (sign | segment << 4 | step) ^ 0x55
}

static MU: [i16; 256] = decode_table(Law::Mu);
static A: [i16; 256] = decode_table(Law::A);

const fn decode_table(law: Law) -> [i16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match law {
            Law::Mu => expand_mu(byte as u8),
            Law::A => expand_a(byte as u8),
        };
        byte += 1;
    }
    table
}

const fn expand_mu(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0f) as i16;
    // The middle of the step, at 14 bits, then scaled to 16.
    let magnitude = (((step * 2 + MU_BIAS as i16) << segment) - MU_BIAS as i16) << 2;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

const fn expand_a(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = (code & 0x0f) as i16;
    let magnitude = if segment == 0 {
        (step << 4) + 8
    } else {
        ((step << 4) + 0x108) << (segment - 1)
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The recommendation's decision values of the positive half, at its own 14 (µ) or 13 (A) bits:
    /// where each code begins, from silence up. Built from the segments' steps, not from the bit
    /// layout that is tested.
    fn decision_values(law: Law) -> Vec<i32> {
        let (first_steps, doubling): (Vec<i32>, _) = match law {
            // The first code of µ-law is half a step wide: 0, 1, 3, 5, … 31, then steps of 4, 8, …
            // 256.
            Law::Mu => ([1].into_iter().chain([2; 15]).collect(), 4),
            // A-law: 32 steps of 2, then steps of 4, … 128.
            Law::A => (std::vec![2; 32], 4),
        };
        let mut values = std::vec![0];
        let mut add = |step: i32| values.push(values.last().unwrap() + step);
        first_steps.into_iter().for_each(&mut add);
        let mut step = doubling;
        while values.len() <= 128 {
            for _ in 0..16 {
                values.push(values.last().unwrap() + step);
            }
            step *= 2;
        }
        values
    }

    /// The code (0 to 127, before inversion) of every non-negative 16-bit sample, found in the
    /// table.
    fn reference_code(values: &[i32], sample: i16, bits: u32) -> u8 {
        let magnitude = i32::from(if sample < 0 { !sample } else { sample }) >> (16 - bits);
        let code = values.partition_point(|&begin| begin <= magnitude) - 1;
        code.min(127) as u8
    }

    #[test]
    fn the_tables_end_where_the_recommendation_says() {
        assert_eq!(decision_values(Law::Mu)[..4], [0, 1, 3, 5]);
        assert_eq!(decision_values(Law::Mu)[128], 8_159);
        assert_eq!(decision_values(Law::A)[128], 4_096);
    }

    #[test]
    fn every_sample_gets_the_code_of_its_decision_values() {
        let (mu, a) = (decision_values(Law::Mu), decision_values(Law::A));
        for sample in i16::MIN..=i16::MAX {
            let positive = if sample < 0 { 0 } else { 0x80 };
            let code = reference_code(&mu, sample, 14);
            assert_eq!(
                Law::Mu.encode(sample),
                positive | (0x7f ^ code),
                "µ {sample}"
            );
            let code = reference_code(&a, sample, 13);
            assert_eq!(
                Law::A.encode(sample),
                (positive | code) ^ 0x55,
                "A {sample}"
            );
        }
    }

    #[test]
    fn every_code_decodes_to_the_middle_of_its_interval() {
        let (mu, a) = (decision_values(Law::Mu), decision_values(Law::A));
        for code in 0..128 {
            // The first interval of µ-law is centred on zero.
            let middle = if code == 0 {
                0
            } else {
                (mu[code] + mu[code + 1]) / 2
            };
            let value = (middle * 4) as i16;
            assert_eq!(Law::Mu.decode(0xff ^ code as u8), value);
            assert_eq!(Law::Mu.decode(0x7f ^ code as u8), -value);

            let value = ((a[code] + a[code + 1]) * 4) as i16;
            assert_eq!(Law::A.decode((0x80 | code as u8) ^ 0x55), value);
            assert_eq!(Law::A.decode(code as u8 ^ 0x55), -value);
        }
    }

    #[test]
    fn known_bytes() {
        // Asterisk's silence, and both ends of the scale.
        assert_eq!((Law::Mu.silence(), Law::A.silence()), (0xff, 0xd5));
        assert_eq!(
            (Law::Mu.decode(0x80), Law::Mu.decode(0x00)),
            (32_124, -32_124)
        );
        assert_eq!(
            (Law::A.decode(0xaa), Law::A.decode(0x2a)),
            (32_256, -32_256)
        );
    }

    #[test]
    fn decoding_and_encoding_again_gives_the_same_byte() {
        for law in [Law::Mu, Law::A] {
            for byte in 0..=u8::MAX {
                // µ-law has two zeros; the negative one becomes the positive one.
                let same = if law == Law::Mu && byte == 0x7f {
                    0xff
                } else {
                    byte
                };
                assert_eq!(law.encode(law.decode(byte)), same, "{law:?} {byte:#04x}");
            }
        }
    }

    #[test]
    fn slices_stop_at_the_shorter_one() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut samples = [0; 100];
        assert_eq!(Law::A.decode_into(&bytes, &mut samples), 100);
        let mut again = [0; 256];
        assert_eq!(Law::A.encode_into(&samples, &mut again), 100);
        assert_eq!(again[..100], bytes[..100]);
        assert_eq!(again[100..], [0; 156]);
    }
}
