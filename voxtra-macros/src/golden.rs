//! The macro's output, formatted: the snapshots are to be reviewed like code.

use quote::quote;

use crate::{expand, roots::Roots};

fn expansion(input: proc_macro2::TokenStream) -> String {
    let roots = Roots {
        core: quote!(::voxtra::core),
        rt: Some(quote!(::voxtra::rt)),
        is_core: false,
    };
    let output = expand(input, &roots);
    prettyplease::unparse(&syn::parse2(output).unwrap())
}

#[test]
fn an_event() {
    insta::assert_snapshot!(expansion(quote! {
        events {
            /// The caller confirmed a payment.
            payment.confirmed {
                /// In hundredths.
                amount_cents: u64,
                reference: Text<24>,
                by: card | bank_transfer,
                after: Option<Duration>,
            }
        }
    }));
}

#[test]
fn a_realtime_event_without_fields() {
    insta::assert_snapshot!(expansion(quote! {
        events { @realtime key_held; }
    }));
}

#[test]
fn an_event_with_defaults() {
    insta::assert_snapshot!(expansion(quote! {
        events {
            order.placed {
                items: u8,
                note: Text<8> = "none",
                priority: low | high = low,
                wait: Duration = 1.5s,
                limit: u16 = LIMIT,
                tries: Option<u8> = 3,
                by: Option<u8>,
            }
        }
    }));
}

#[test]
fn a_set_of_events() {
    let output = expansion(quote! {
        events Shop { @realtime shop.opened { hour: u8 } @realtime shop.closed; }
    });
    let (_events, set) = output.split_once("/// Any one").unwrap();
    insta::assert_snapshot!(set);
}

#[test]
fn a_session() {
    let output = expansion(quote! {
        events { payment.confirmed { amount_cents: u64 } }

        session Support {
            route extension "1000", number "+265*";
            state { attempts: u8 = 0 }

            on call.started { call.answer().await?; }
            on dtmf.received(e) if e.digit == '0' { call.transfer("PJSIP/200").await?; }
            on dtmf.received { state.attempts += 1; }
            on payment.confirmed(e) if e.amount_cents > 0 { call.say("Thank you.").await?; }
            on call.ended(e) { Ok(()) }
        }
    });
    // An event's output has a snapshot of its own.
    let (_event, session) = output.split_once("/// The session").unwrap();
    insta::assert_snapshot!(session);
}

#[test]
fn a_session_with_steps_and_timers() {
    insta::assert_snapshot!(expansion(quote! {
        session Menu {
            route prefix "+265" { tenant: "acme" };
            state { tries: u8 = 0, caller: String = call.caller_id().to_owned() }

            on call.started(direction: inbound) { call.answer().await?; goto main; }
            on call.failed(e, reason: "busy" | "no_answer") { call.set_metadata("why", &e.reason); }
            on user.transcript(text: t) | user.transcript.partial(text: t) { call.say(t).await?; }
            interrupt on barge_in if !call.is_over() {}
            every 30s { call.say("Still here.").await?; }

            step main {
                enter { state.tries += 1; }
                on dtmf.received(digit: '1'..='3') if state.tries < 3 || call.is_over() { goto main }
                after 1.5s of user.silence { goto main; }
                on any(e) { let _ = e.seq; }
            }

            catch(error) { call.say("Sorry.").await?; }
            hangup { call.set_metadata("tries", state.tries.to_string()); }
        }
    }));
}

#[test]
fn an_imported_event() {
    insta::assert_snapshot!(expansion(quote! {
        use crate::events::PaymentConfirmed;

        session Support {
            on payment.confirmed(e) { call.say("Thank you.").await?; }
        }
    }));
}

#[test]
fn mistakes_cost_only_themselves() {
    insta::assert_snapshot!(expansion(quote! {
        events {
            order.placed { total: , count: u8 }
            Order.shipped;
        }
        sessions Wrong {}
        session Shop {
            route extention "1", extension "2";
            state { visits: u8 }
            on oder.placed(e) {}
            on order.placed(e) { let x = ; }
            on call.ended(e) if e. { call.say("Goodbye.").await?; }
        }
    }));
}
