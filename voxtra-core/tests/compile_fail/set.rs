use voxtra_core::voxtra;

voxtra! {
    #[derive(Eq)]
    events Shop { order.placed; }
    events Empty {}
    events OrderPaid { order.paid; }
    events Shop { order.lost; }
    events match { order.sent; }
    event Line { line.busy; }
}

fn main() {
    let _ = (Shop::from(OrderPlaced {}), OrderPaid {}, OrderLost {}, OrderSent {});
}
