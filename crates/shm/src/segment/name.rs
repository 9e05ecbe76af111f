//! The two names of an object: `<name>`, and `<name>.<instance>.ctl` for its companion, if it has
//! one.
//!
//! The instance, 128 random bits that the envelope has too, stands in the second name as 32
//! hexadecimal digits, its four words one after the other. So an object and its successor of the
//! same name never share a companion.

use std::format;
use std::string::String;

use super::error::NameError;
use crate::envelope::Instance;

/// What the name of every companion file ends in.
const COMPANION_END: &str = ".ctl";
/// The longest name of a file, in bytes (`NAME_MAX`).
const MAX_FILE_NAME: usize = 255;
/// The longest name of an object: its companion file's name has to be one too.
const MAX_NAME: usize = MAX_FILE_NAME - ".".len() - 32 - COMPANION_END.len();

/// Whether an object can have that name.
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(NameError::TooLong { len: name.len(), max: MAX_NAME });
    }
    if name.contains('/') {
        return Err(NameError::Slash);
    }
    if name.contains('\0') {
        return Err(NameError::Nul);
    }
    if name == "." || name == ".." {
        return Err(NameError::Dots);
    }
    if name.ends_with(COMPANION_END) {
        return Err(NameError::Reserved);
    }
    Ok(())
}

/// The name of the companion file of an instance.
pub fn companion(name: &str, instance: Instance) -> String {
    let [a, b, c, d] = instance.0;
    format!("{name}.{a:08x}{b:08x}{c:08x}{d:08x}{COMPANION_END}")
}

/// The name that an instance of an object has until the object's own name is free: `<name>.<instance>`.
pub fn link(name: &str, instance: Instance) -> String {
    let [a, b, c, d] = instance.0;
    format!("{name}.{a:08x}{b:08x}{c:08x}{d:08x}")
}

/// The object and the instance that a link is named for; `None`: it is not named so.
pub fn of_link(name: &str) -> Option<(String, Instance)> {
    let mut as_companion = String::from(name);
    as_companion.push_str(COMPANION_END);
    of_companion(&as_companion)
}

/// The object and the instance that a companion file is named for; `None`: it is not named so.
pub fn of_companion(name: &str) -> Option<(String, Instance)> {
    let (object, digits) = name.strip_suffix(COMPANION_END)?.rsplit_once('.')?;
    let mut instance = [0; 4];
    if digits.len() != 32
        || digits.bytes().any(|b| !b.is_ascii_hexdigit())
        || check(object).is_err()
    {
        return None;
    }
    for (word, eight) in instance.iter_mut().zip(digits.as_bytes().chunks(8)) {
        *word = u32::from_str_radix(core::str::from_utf8(eight).ok()?, 16).ok()?;
    }
    let instance = Instance(instance);
    // Another way to write the same digits is not ours.
    (companion(object, instance) == name).then(|| (object.into(), instance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companion_name_is_one_that_no_object_can_have() {
        let instance = Instance([1, 0xabcd_ef01, 0, u32::MAX]);
        let name = companion("quotes", instance);
        assert_eq!(name, "quotes.00000001abcdef0100000000ffffffff.ctl");
        assert_eq!(check(&name), Err(NameError::Reserved));
        assert_eq!(of_companion(&name), Some(("quotes".into(), instance)));
        for other in ["quotes", "quotes.ctl", ".ctl", &name[1..].to_uppercase(), &name[7..]] {
            assert_eq!(of_companion(other), None, "{other}");
        }
    }

    #[test]
    fn the_longest_name_leaves_room_for_the_longest_companion_name() {
        let longest = "n".repeat(MAX_NAME);
        assert_eq!(check(&longest), Ok(()));
        let companion = companion(&longest, Instance([u32::MAX; 4]));
        assert_eq!(companion.len(), MAX_FILE_NAME);
        let (len, max) = (MAX_NAME + 1, MAX_NAME);
        assert_eq!(check(&"n".repeat(len)), Err(NameError::TooLong { len, max }));
    }

    #[test]
    fn each_bad_name_has_its_error() {
        assert_eq!(check(""), Err(NameError::Empty));
        assert_eq!(check("a/b"), Err(NameError::Slash));
        assert_eq!(check("a\0b"), Err(NameError::Nul));
        assert_eq!(check("."), Err(NameError::Dots));
        assert_eq!(check(".."), Err(NameError::Dots));
        for good in ["a", "...", ".a", "a b", "ctl", "größe"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
    }
}
