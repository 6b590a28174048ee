//! What the calls are made of.

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
