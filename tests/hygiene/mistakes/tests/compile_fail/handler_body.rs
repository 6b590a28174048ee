use std::{cell::Cell, future::ready, rc::Rc};

use voxtra::voxtra;

voxtra! {
    events {
        payment.confirmed { amount_cents: u64 }
    }

    session Support {
        state { attempts: u8 = 0 }

        on call.started { let x = ; }
        on call.answered { state.attempts += 1 state.attempts += 2; }
        on call.ringing { state.attempt += 1; }
        on dtmf.received(e) { let _ = e.digits; }
        on payment.confirmed(e) { let _ = e.amount; }
        on call.ended(e) { e.duration_seconds }
    }

    session Unsendable {
        on call.started {
            let held = Rc::new(Cell::new(1));
            ready(()).await;
            held.set(2);
        }
    }
}

fn main() {
    let _ = <Support as voxtra::rt::session::Session>::NAME;
}
