#[ringway::message]
struct Padded {
    _a: u8,
    _b: u32,
}

fn main() {}
