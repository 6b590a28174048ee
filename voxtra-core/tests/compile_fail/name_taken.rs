use voxtra_core::voxtra;

voxtra! {
    events {
        payment.confirmed {}
        payment.confirmed { amount: u64 }
        payment_confirmed {}
        call.started {}
        call_started {}
    }
}

fn main() {
    let _ = PaymentConfirmed {};
}
