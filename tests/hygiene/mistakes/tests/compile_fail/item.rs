use voxtra::voxtra;

voxtra! {
    sesion Lost {}

    session Support {
        routes extension "1000";
        onn call.started {}
        when call.started {}
        "on" call.started {}
        #[derive(Clone)]
        route extension "1001";
        on call.started {}
    }

    session Support {}

    session;
    session Sales;
}

fn main() {
    let _ = <Support as voxtra::rt::session::Session>::NAME;
}
