use voxtra::voxtra;

voxtra! {
    session Support {
        route extension "1000", extention "1001", colour "red", number;
        route number "+265*99", number "*", number "+26 5", number "", number "+";
        route extension "10*", extension "_1XXX", extension "10 0", extension "", extension 1002;
        route default "x";
        route extension "1000", default, default;
    }

    session Sales {
        route extension "1000", extension "2000"
        route extension "2001" extension "2002";
        route number "2000", number "+265*", prefix "+265", prefix "", prefix "+26*";
        route extension "3000" { tenant: "acme", tenant: "other", language: 5 };
        route extension "3001" { tenant: "acme", tenant: "other" };
    }
}

fn main() {
    use voxtra::rt::session::Session;
    let _ = (Support::NAME, Sales::NAME);
}
