use voxtra_core::voxtra;

voxtra! {
    events {
        payment.confirmed {}
        payment.confirmed { amount: u64 }
        payment_confirmed {}
        call.started {}
        call_started {}
        order.placed { status: open | closed, line1: a | b, line_1: c | d }
        order.placed.status {}
    }
}

fn main() {
    let _ = PaymentConfirmed {};
}
