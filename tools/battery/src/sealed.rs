//! Values that tell whether they are whole: each word follows from the first two.

/// The value of that version, as that process writes it.
pub fn seal<const WORDS: usize>(version: u64, writer: u64) -> [u64; WORDS] {
    std::array::from_fn(|at| match at {
        0 => version,
        1 => writer,
        at => mixed(version, writer, at),
    })
}

/// The version of a value, if it is whole.
pub fn version(value: &[u64]) -> Option<u64> {
    let &[version, writer, ref rest @ ..] = value else { return None };
    let mut rest = rest.iter().zip(2..);
    rest.all(|(&word, at)| word == mixed(version, writer, at)).then_some(version)
}

fn mixed(version: u64, writer: u64, at: usize) -> u64 {
    let word = (version ^ writer.rotate_left(32)).wrapping_add(at as u64);
    word.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_another_value_is_found() {
        let (one, other) = (seal::<8>(5, 7), seal::<8>(6, 7));
        assert_eq!((version(&one), version(&other)), (Some(5), Some(6)));
        for at in 0..8 {
            let mut torn = one;
            torn[at] = other[at];
            assert_eq!(version(&torn), (torn == one).then_some(5), "{at}");
        }
    }
}
