use voxtra::voxtra;

voxtra! {
    session Menu {
        on call.started { goto main; }
        on call.answered { goto mian; }
        on call.ended { goto; }

        step main {
            enter { goto sales; }
            enter {}
            entre {}
            route default;
        }
        step sales { on dtmf.received {} on dtmf.received {} }
        step lost { enter { goto astray; } }
        step astray { enter { goto lost; } }
        step main {}
        step;
        enter {}

        catch goto nowhere;
        catch retry;
        catch continue
        hangup { goto main; }
        hangup {}
    }

    session Plain {
        on call.started { goto main; }
    }
}

fn main() {}
