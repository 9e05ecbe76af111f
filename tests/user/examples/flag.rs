#[ringway::message]
struct Flag {
    _number: u8,
    _on: bool,
}

fn main() {}
