use voxtra::prelude::*;

voxtra! {
    session Support {
        on call.started {
            let answered: Result<(), CallError> = async { call.answer().await?; goto menu; }.await;
            answered?;
        }
        on dtmf.received(e) {
            ('0'..='9').for_each(|digit| if e.digit == digit { goto menu; });
        }
        step menu { enter { for _ in 0..3 { loop { goto other; } } } }
        step other {}
    }
}

fn main() {}
