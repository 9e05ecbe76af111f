//! What can be shared by value.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Plain data: any bytes of its size are a value, it has no padding, and nothing in it changes
/// behind a shared reference. Implemented for everything that fits.
///
/// Numbers are plain data, and arrays of plain data. A struct is made so by the derives of the
/// crate [`zerocopy`], and the compiler checks that it is:
///
/// ```
/// use zerocopy::{FromBytes, Immutable, IntoBytes};
///
/// #[derive(Clone, Copy, FromBytes, IntoBytes, Immutable)]
/// #[repr(C)]
/// struct State {
///     jobs: u32,
///     done: u32,
/// }
/// ```
///
/// The other side may be another process, built by another compiler, or one that lies. So a value
/// must be data that no bytes can make invalid: what has padding, a `bool`, a reference or a
/// pointer in it does not compile.
///
/// ```compile_fail,E0277
/// let _ = ringway_sync::Plan::new().mutex("flag", true);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data, and so cannot be shared by value",
    label = "not plain data",
    note = "derive `FromBytes`, `IntoBytes` and `Immutable` of the crate `zerocopy` for a struct of \
            yours, with `repr(C)`",
    note = "its fields are numbers, arrays, and other such structs: a `u8` for a `bool`, a number \
            for an enum, the data itself for a reference or a pointer"
)]
pub trait Plain: FromBytes + IntoBytes + Immutable + 'static {}

impl<T: FromBytes + IntoBytes + Immutable + 'static> Plain for T {}
