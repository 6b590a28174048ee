//! A mobile network's codec: AMR, which there is as a C library. A program of its own runs it
//! (`codec.py`).

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// One way through the network.
pub struct Codec {
    child: Child,
    into: Option<ChildStdin>,
    out: ChildStdout,
}

impl Codec {
    /// With the library that `sounds.py` put into `folder`.
    pub fn start(folder: &Path, mode: u8) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", include_str!("codec.py")])
            .arg(folder.join("codec/libopencore-amrnb.so"))
            .arg(mode.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let into = child.stdin.take();
        let out = child.stdout.take().unwrap();
        Self { child, into, out }
    }

    /// 20 ms, as the other end hears them.
    pub fn pass(&mut self, frame: &mut [f32]) {
        let samples = frame
            .iter()
            .map(|sample| (sample.clamp(-0.98, 0.98) * 32_768.0) as i16);
        let spoken: Vec<u8> = samples.flat_map(i16::to_le_bytes).collect();
        self.into.as_mut().unwrap().write_all(&spoken).unwrap();
        let mut heard = vec![0; spoken.len()];
        self.out.read_exact(&mut heard).expect("the codec runs");
        let (pairs, _) = heard.as_chunks::<2>();
        for (place, pair) in frame.iter_mut().zip(pairs) {
            *place = f32::from(i16::from_le_bytes(*pair)) / 32_768.0;
        }
    }
}

impl Drop for Codec {
    fn drop(&mut self) {
        // No more sounds: it ends.
        drop(self.into.take());
        let _ = self.child.wait();
    }
}
