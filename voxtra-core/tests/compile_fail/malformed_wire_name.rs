use voxtra_core::voxtra;

voxtra! {
    events {
        Payment.Confirmed {}
        payment-refused {}
        payment..repeated {}
        payment.late. {}
        payment::lost {}
        payment.2nd {}
        payment.third_ {}
        payment.r#final;
    }
}

fn main() {
    // The structs are there all the same.
    let _ = (PaymentConfirmed {}, PaymentRefused {}, PaymentRepeated {}, PaymentLate {}, PaymentLost {}, PaymentThird {}, PaymentFinal {});
}
