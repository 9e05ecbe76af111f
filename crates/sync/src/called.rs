//! What kinds of objects are called.

use ringway_shm::envelope::Kind;

/// What a kind is called, in errors and lists. `None`: this build does not know it. A line for each
/// of the [kinds](crate::kinds).
pub(crate) fn called(kind: Kind) -> Option<&'static str> {
    Some(match &kind.letters() {
        b"ATOM" => "atomics",
        b"CELL" => "a cell",
        b"LOCK" => "a lock",
        b"SPIN" => "a spin lock",
        b"MUTX" => "a mutex",
        b"MUTI" => "a mutex in place",
        b"COND" => "a condition",
        b"SEMA" => "a semaphore",
        b"SIGN" => "a signal",
        b"BARR" => "a barrier",
        b"ONCE" => "a value that is made once",
        b"TABL" => "a table",
        _ => return None,
    })
}
