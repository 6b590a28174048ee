use voxtra::voxtra;

voxtra! {
    events {
        payment.confirmed { amount_cents: u64 }
    }

    session Support {
        on dtmf.recieved(e) if e.digit == '0' {}
        on payment.confirmd {}
        on weather.changed {}
        on Call.Started {}
        on call.answered;
        on call.ringing() {}
        on call.ended(CallEnded { reason, .. }) {}
        on call.failed(e) if e. {}
        on {}

        on dtmf.received(e) if e.digit == '1' {}
        on dtmf.received {}
        on dtmf.received(e) if e.digit == '2' {}
        on payment.confirmed(e) if true {}
        on payment.confirmed {}
        on turn.ended if false {}
        on session.destroyed {}
    }
}

fn main() {}
