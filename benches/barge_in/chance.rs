//! Chance that is the same in every run.

/// S. Vigna's splitmix64.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 24) as f32
    }

    pub fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[(self.next() % all.len() as u64) as usize]
    }

    /// About -4 to 4, the sum of twelve.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

pub fn from_db(db: f32) -> f32 {
    10.0_f32.powf(db / 20.0)
}

/// A response of 8 ms that decays within 0.25 to 2.5 ms and loses so much of a sound of all
/// frequencies.
pub fn response(loss_db: f32, chance: &mut Chance) -> [f32; 64] {
    let decay = chance.between(2.0, 20.0);
    let mut taps = [0.0; 64];
    for (n, tap) in taps.iter_mut().enumerate() {
        *tap = chance.normal() * (-(n as f32) / decay).exp();
    }
    let power: f32 = taps.iter().map(|tap| tap * tap).sum();
    let scale = from_db(-loss_db) / power.sqrt();
    taps.map(|tap| tap * scale)
}
