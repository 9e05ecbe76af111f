fn main() {
    ringway::Ring::<bool>::open("ring").unwrap();
}
