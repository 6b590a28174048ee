//! What the calls are made of, and chance.

use std::path::Path;

/// Sounds of one kind, at 8 kHz; 1.0 is full scale.
pub type Sounds = Vec<Vec<f32>>;

/// All of them, as `sounds.py` wrote them.
pub struct Library {
    pub agent: Sounds,
    pub caller: Sounds,
    pub phrase: Sounds,
    pub word: Sounds,
    pub hum: Sounds,
    pub cough: Sounds,
    pub click: Sounds,
    pub noise: Sounds,
    pub music: Sounds,
    pub stationary: Sounds,
}

impl Library {
    pub fn read(folder: &Path) -> Self {
        let kind = |name: &str| {
            let folder = folder.join("sounds").join(name);
            let mut files: Vec<_> = std::fs::read_dir(&folder)
                .unwrap_or_else(|e| panic!("{}: {e}; run sounds.py first", folder.display()))
                .map(|entry| entry.unwrap().path())
                .collect();
            files.sort();
            files.iter().map(|file| read(file)).collect()
        };
        Self {
            agent: kind("agent"),
            caller: kind("caller"),
            phrase: kind("phrase"),
            word: kind("word"),
            hum: kind("hum"),
            cough: kind("cough"),
            click: kind("click"),
            noise: kind("noise"),
            music: kind("music"),
            stationary: kind("stationary"),
        }
    }
}

fn read(file: &Path) -> Vec<f32> {
    let mut wav = hound::WavReader::open(file).unwrap();
    assert_eq!(wav.spec().sample_rate, 8_000);
    wav.samples::<i16>()
        .map(|sample| f32::from(sample.unwrap()) / 32_768.0)
        .collect()
}

/// The same numbers in every run (S. Vigna's splitmix64).
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
