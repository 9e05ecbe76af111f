//! How an error says what is wrong, and where its source is.

/// Implements `Display`, with one line for each variant, and `Error`.
///
/// `source` lists the variants that have an error of a lower floor. `same_source` lists those that
/// hold another error of this crate, whose text is part of theirs: they pass its source on.
macro_rules! error {
    (
        $name:ident { $($pattern:pat => $($text:expr),+;)+ }
        $(source { $($from:pat => $source:expr;)+ })?
        $(same_source { $($through:pat => $inner:expr;)+ })?
    ) => {
        impl core::error::Error for $name {
            #[allow(unreachable_patterns)]
            fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
                match self {
                    $($($from => Some($source),)+)?
                    $($($through => core::error::Error::source($inner),)+)?
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self { $($pattern => write!(f, $($text),+)?,)+ }
                ringway_shm::said::with_source(self, f)
            }
        }
    };
}

pub(super) use error;
