//! `voxtra!` in a crate that knows `voxtra` as `phone`.
#![forbid(unsafe_code)]
#![deny(warnings)]

use phone::prelude::*;

voxtra! {
    /// What a shop tells.
    events Shop {
        /// Somebody ordered.
        order.placed {
            /// How many.
            items: u8,
            /// Since when.
            after: Option<std::time::Duration>,
            /// What with.
            by: card | cash = cash,
        }
    }

    /// Takes orders.
    session Orders {
        route extension "1000";
        state { items: u8 = 0 }

        on call.started { call.answer().await?; goto menu; }
        on order.placed(items: n, by: cash) if *n > 0 { state.items += n; call.say("Thank you.").await?; goto goodbye; }

        step menu {
            on dtmf.received(e) if let Some(digit) = e.digit.to_digit(10) {
                call.emit(OrderPlaced::new(u8::try_from(digit)?)).await;
            }
            after 5s of user.silence { goto goodbye; }
        }

        step goodbye { enter { call.say(&format!("{} in all.", state.items)).await?; call.hangup().await?; } }
        catch hangup;
    }
}

#[cfg(test)]
mod tests {
    use phone::rt::rehearsal::Rehearsal;

    #[tokio::test(start_paused = true)]
    async fn the_session_runs() {
        let mut caller = Rehearsal::new()
            .session::<super::Orders>()
            .call("1000")
            .await;
        caller.presses("3").await;
        caller.hears("Thank you.").await;
        caller.hears("3 in all.").await;
        let conversation = caller.ended().await;
        assert_eq!(conversation.count("order.placed"), 1, "{conversation}");
    }
}
