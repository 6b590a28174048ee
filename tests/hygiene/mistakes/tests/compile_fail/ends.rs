use voxtra::prelude::*;

voxtra! {
    session Support {
        // What a body may end in.
        on call.started { call.answer().await }
        on call.answered { if call.calls_end() { goto menu; } call.hangup().await }
        step menu { enter { call.ended().await } }

        on dtmf.received { call.say("One moment.").await }
        on turn.ended { tokio::spawn(async move { goto menu; }); }
    }
}

trait Ends {
    fn calls_end(&self) -> bool;
}

impl Ends for Call {
    fn calls_end(&self) -> bool {
        true
    }
}

fn main() {}
