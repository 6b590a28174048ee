//! G.711, the telephone network's 8-bit companding, bit-exact to ITU-T G.711 (and to the STL reference of G.191).

/// One of the two laws.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Law {
    /// µ-law: North America and Japan (Asterisk's `ulaw`).
    Mu,
    /// A-law: everywhere else (Asterisk's `alaw`).
    A,
}

impl Law {
    /// The 16-bit value of one byte: the 14-bit (µ) or 13-bit (A) value of the recommendation, scaled to 16 bits.
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
    // 0..=15 is segment 0 and 16..=31 segment 1, both with the smallest step; from there on they double.
    let segment = (12 - (magnitude | 0x0f).leading_zeros()) as u8;
    let shift = if segment > 1 { segment - 1 } else { 0 };
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
