struct Quote {
    _price: f64,
}

fn main() {
    ringway::Options::<Quote>::new(8);
}
