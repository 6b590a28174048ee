use voxtra::voxtra;

voxtra! {
    session Menu {
        route number "1000";
        on call.started { goto main; }
        step main { enter { goto sales; } }
        step sales {}
        step lost { enter { goto astray; } }
        step astray { enter { goto lost; } }
        on call.failed(reason: e) { let _ = e; }
    }

    session Desk { route extension "1000"; }
}

fn main() {}
