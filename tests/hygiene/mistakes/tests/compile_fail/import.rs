use voxtra::voxtra;

mod events {
    voxtra::voxtra! {
        events { payment.confirmed { amount_cents: u64, by: card | cash } shop.order_placed {} }
    }
}

voxtra! {
    use events::{PaymentConfirmed, ShopOrderPlaced};
    use events::*;

    session Support {
        on payment.confirmed(e) if e.amount_cents > 9 { let _ = e.amount_cents; }
        on payment.confirmed(by: card) {}
        on payment.confirmed(by: other, amount_cents: amount) if *amount > 0 { let _ = other; }
        on payment.refused {}
        on shop.order.placed {}
    }
}

fn main() {}
