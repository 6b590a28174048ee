//! For any input the macro's output is code that parses: half-written declarations are what
//! an editor gives it most.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::quote;

use crate::{expand, roots::Roots};

fn valid() -> TokenStream {
    quote! {
        use crate::{events::OrderPlaced, orders::Refused as OrderRefused};

        events {
            /// The caller confirmed a payment.
            payment.confirmed { /** In hundredths. */ amount_cents: u64, by: card | cash, after: Option<Duration>, }
            @realtime key_held;
        }

        /// What a shop tells.
        events Shop { shop.opened { hour: u8 = 9 } shop.closed; }

        session Support {
            route extension "1000" { tenant: "acme" }, prefix "+265", default;
            state { attempts: u8 = 0, names: Vec<String> = Vec::new() }
            on call.started { call.answer().await?; }
            on dtmf.received(e) if e.digit == '0' { state.attempts += 1; }
            on payment.confirmed(_) { Ok(()) }
            on order.placed {}
            interrupt on barge_in | media.stopped(reason: closed) {}
            after 10s of user.silence { goto menu; }
            step menu { enter { goto menu; } on any(e) if e.seq > 1 {} every 1.5min {} }
            catch goto menu;
            hangup { call.hangup().await?; }
        }
    }
}

/// Every way of changing one token, however deeply it is nested: left out, doubled, or replaced.
fn mutations(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut mutations = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let mut put = |replacement: TokenStream| {
            let before = tokens.iter().take(index).cloned();
            let after = tokens.iter().skip(index + 1).cloned();
            mutations.push(before.chain(replacement).chain(after).collect());
        };
        put(TokenStream::new());
        put(quote!(#token #token));
        for other in [
            quote!(self),
            quote!(Self),
            quote!(use),
            quote!(_),
            quote!(Größe),
            quote!(r#type),
            quote!(1.5e3),
            quote!("text"),
            quote!('a),
            quote!(.),
            quote!(,),
            quote!(;),
            quote!(@),
            quote!(->),
            quote!({}),
            quote!(()),
        ] {
            put(other);
        }
        if let TokenTree::Group(group) = token {
            for content in self::mutations(group.stream()) {
                let mut changed = Group::new(group.delimiter(), content);
                changed.set_span(Span::call_site());
                put(quote!(#changed));
            }
        }
    }
    mutations
}

#[test]
fn every_change_of_a_token_gives_code_that_parses() {
    let roots = Roots {
        core: quote!(::voxtra::core),
        rt: Some(quote!(::voxtra::rt)),
        is_core: false,
    };
    let mutations = mutations(valid());
    assert!(mutations.len() > 1_000, "{}", mutations.len());
    for mutation in mutations {
        let written = mutation.to_string();
        let output = expand(mutation, &roots);
        if let Err(error) = syn::parse2::<syn::File>(output.clone()) {
            panic!("{error}\nfrom: {written}\nto: {output}");
        }
    }
}

#[test]
fn one_wrong_token_is_never_an_avalanche() {
    let roots = Roots {
        core: quote!(::voxtra::core),
        rt: Some(quote!(::voxtra::rt)),
        is_core: false,
    };
    let mut worst = Vec::new();
    for mutation in mutations(valid()) {
        let written = mutation.to_string();
        let output = expand(mutation, &roots).to_string();
        let errors: Vec<&str> = output
            .split("compile_error ! {")
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap_or_default())
            .collect();
        if errors.len() > 4 {
            worst.push(format!("{} from: {written}", errors.join("\n")));
        }
    }
    assert!(worst.is_empty(), "{}", worst.join("\n"));
}
