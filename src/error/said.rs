//! How an error says what is wrong, and where its source is.

/// Implements `Display`, with one line for each variant, and `Error`.
///
/// `source` lists the variants that have an error of a lower floor. `same_source` lists those that
/// hold another error of this crate, whose text is part of theirs: they pass its source on.
macro_rules! error {
    (
        $name:ident { $($(#[$of:meta])* $pattern:pat => $($text:expr),+;)+ }
        $(source { $($(#[$of_source:meta])* $from:pat => $source:expr;)+ })?
        $(same_source { $($(#[$of_inner:meta])* $through:pat => $inner:expr;)+ })?
    ) => {
        impl core::error::Error for $name {
            #[allow(unreachable_patterns)]
            fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
                match self {
                    $($($(#[$of_source])* $from => Some($source),)+)?
                    $($($(#[$of_inner])* $through => core::error::Error::source($inner),)+)?
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $($(#[$of])* $pattern => write!(f, $($text),+)?,)+ }
                ringway_shm::said::with_source(self, f)
            }
        }
    };
}

pub(super) use error;
