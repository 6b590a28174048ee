use voxtra::voxtra;

voxtra! {
    session Support {
        on turn.ended { e.duration_ms; }
        on silence.detected { event.body; }
        on call.ended { trigger; step; goto_; }
    }
}

fn main() {}
