use voxtra_core::voxtra;

voxtra! {
    events {
        order.placed {
            customer: &'static str,
            total,
            tax: ,
            count: u8,
            count: u16,
            pub visible: bool,
            action: impl Fn(),
            by: card | Cash | card | self,
            #[serde(skip)]
            hidden: u8,
            first: u8 second: u8,
        }
        order.paid(total: u8)
    }
}

fn main() {
    // What was right is there.
    let _ = |order: OrderPlaced| (order.count, order.visible, order.by, order.hidden, order.first, order.second);
    let _ = OrderPaid { total: 1 };
}
