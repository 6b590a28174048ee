use voxtra::voxtra;

voxtra! {
    events {
        payment.confirmed { amount_cents: u64, by: card | bank_transfer }
    }

    session Support {
        on dtmf.received(digits: '0') {}
        on barge_in(digit: '0') {}
        on call.started(direction: inbuond) {}
        on call.started(direction: inbound | sideways) {}
        on payment.confirmed(amount: 1) {}
        on payment.confirmed(by: crad) {}
        on payment.confirmed(e, by: card, by: card) {}
        on dtmf.received(digit: 1) {}
        on call.ended(e, f) {}
        on call.ended(reason = "busy") {}
        on user.transcript(e) | agent.response(e) {}
        on any(text: "hello") {}

        on dtmf.received(digit: '1') if call.is_over() {}
        on dtmf.received(digit: '1') if call.is_over() {}
        on turn.ended if 1 + 1 {}
        on any {}
        on call.ringing {}
        interrupt on barge_in if state.calm {}
        interrupt barge_in {}
    }
}

fn main() {}
