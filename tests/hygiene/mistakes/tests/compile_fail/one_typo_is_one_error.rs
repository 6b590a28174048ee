use voxtra::voxtra;

voxtra! {
    events {
        payment.confirmed { amount_cents: u64, by: card | cash }
    }

    session Support {
        route extension "1000";
        state { attempts: u8 = 0 }
        on payment.confirmed(e) if e.by == PaymentConfirmedBy::Cash { state.attempts += e.amount_cents as u8; }
        on payment.confrimed(e) { let _ = e.nothing; }
        on call.ended(e) { let _ = e.duration_seconds; }
    }
}

fn main() {
    let _ = <Support as voxtra::rt::session::Session>::NAME;
    let _ = PaymentConfirmed { amount_cents: 1, by: PaymentConfirmedBy::Card };
}
