#[ringway::message]
enum Side {
    _Buy,
    _Sell,
}

fn main() {}
