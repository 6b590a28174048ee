use core::time::Duration;

use voxtra_core::{event::Text, voxtra};

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Custom {}

voxtra! {
    events {
        @realtime
        level.measured {
            rms_dbfs: f32,
            peak: Option<i16>,
            side: caller | agent,
            over: Duration,
            note: String,
            label: Text<8>,
            samples: Vec<i16>,
            maybe: Option<String>,
            custom: Custom,
        }
    }
}

fn main() {}
