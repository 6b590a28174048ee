//! Sessions as `voxtra!` makes them, from a user's side: what they are, and that no name of the
//! user's can break them.
#![allow(dead_code, missing_docs, unused_macros)]

use voxtra::rt::{app::Route, session::Session};

mod declared {
    use voxtra::voxtra;

    voxtra! {
        events {
            payment.confirmed { amount_cents: u64, by: card | cash }
        }

        /// Helps callers.
        session Support {
            route extension "1000", number "+265*";
            state {
                /// How often a key was pressed that means nothing.
                attempts: u8 = 1 + 1,
                names: Vec<String> = vec!["first".to_owned()],
            }

            /// Zero is for help.
            on dtmf.received(e) if e.digit == '0' { state.attempts = 0; Ok(()) }
            on dtmf.received(e) if let Some(digit) = e.digit.to_digit(10) && digit > 5 { state.attempts += 2 }
            on dtmf.received { state.attempts += 1; }
            on payment.confirmed(e) if e.by == PaymentConfirmedBy::Cash { return Err("cash".into()); }
            on payment.confirmed(_) { if state.attempts > 3 { return Ok(()); } state.names.clear(); }
            #[allow(clippy::let_unit_value)]
            on barge_in { let _unit = (); }
            on call.ended(e) { let seconds: u32 = format!("{:.0}", e.duration_seconds).parse()?; let _ = (call, seconds); }
        }

        session Fallback { route default; }
    }

    /// Elsewhere in the program, a session handles an event that is declared here.
    mod elsewhere {
        voxtra::voxtra! {
            use super::PaymentConfirmed;

            session Cashier { on payment.confirmed(e) if e.amount_cents > 0 {} on call.ended {} }
        }
    }

    impl Support {
        /// Bodies may call methods of the state.
        pub(crate) fn names(&self) -> &[String] {
            &self.names
        }
    }
}

#[test]
fn a_session_knows_its_name_and_routes() {
    assert_eq!(declared::Support::NAME, "Support");
    let routes: Vec<Route> = declared::Support::ROUTES
        .iter()
        .map(|one| one.route)
        .collect();
    assert_eq!(routes, [Route::Extension("1000"), Route::Number("+265*")]);
    assert_eq!(declared::Fallback::ROUTES[0].route, Route::Default);
}

/// Names of the user's module that the generated code must not mistake for its own.
mod hygiene {
    struct Ok;
    struct Err;
    struct Some;
    struct None;
    struct Option;
    struct Result;
    struct String;
    struct Vec;
    struct Box;
    struct Default;
    struct Future;
    struct Send;
    struct Call;
    struct Event;
    struct EventBody;
    struct EventType;
    struct BuiltIn;
    struct Session;
    struct Route;
    struct HandlerError;
    mod core {}
    mod std {}
    mod serde {}
    mod voxtra {}
    mod voxtra_rt {}
    macro_rules! write {
        () => {};
    }

    ::voxtra::voxtra! {
        events { names.taken { f: u8, event: i8, this: one | two } }

        session One {
            state { event: u8 = 1, call: u8 = 2, state: u8 = 3 }
            on names.taken(event) if event.f > 1 { state.event += event.f; state.call += 1; state.state += 1; }
            on call.ended(f) { let _ = f.duration_seconds; }
            on barge_in { goto step; }
            on call.started(direction: outbound) | media.stopped(reason: closed | timeout) {}
            on names.taken(this: two, f: 0) | names.taken(this: one, f: 7) {}
            interrupt on names.taken(event, this: two) if event.event > 0 {}
            after 1s of user.silence { let goto_ = 1; let _ = goto_; }
            every 2min {}
            step step { enter { goto trigger; } on names.taken(user) { let _ = user.f; } }
            step trigger { after 500ms { goto step; } on any(event) { let _ = event.seq; } }
            catch(error) { let _ = error.to_string(); }
            hangup { let timer = 1; let _ = timer; }
        }
    }

    // A second one in the same module, and one in a function.
    ::voxtra::voxtra! {
        events { names.free {} }
        session Two { on names.free {} }
    }

    pub(crate) fn inside_a_function() -> &'static str {
        ::voxtra::voxtra! {
            events { local.happened { count: u8 } }
            session Three { on local.happened(e) { let _ = e.count; } on error {} }
        }
        <Three as ::voxtra::rt::session::Session>::NAME
    }
}

#[test]
fn a_session_can_be_declared_inside_a_function() {
    assert_eq!(hygiene::inside_a_function(), "Three");
}
