use voxtra::voxtra;

mod events {
    voxtra::voxtra! {
        events { payment.confirmed { amount_cents: u64 } shop.order_placed {} }
    }
}

voxtra! {
    use events::{PaymentConfirmed, ShopOrderPlaced};
    use events::*;

    session Support {
        on payment.confirmed(e) { let _ = e.amount_cents; }
        on payment.refused {}
        on shop.order.placed {}
    }
}

fn main() {}
