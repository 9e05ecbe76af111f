//! Names of objects.

/// The name of an object in a region, and the tag of its value's type.
///
/// A plain string is a name with tag 0. The tag is a number of the program's choice, for what size
/// and alignment do not tell: which of two structs of one size it is, or which version of one. An
/// object that was declared with another tag is refused.
///
/// ```
/// use ringway_sync::{ObjectName, Plan};
///
/// let region = Plan::new().mutex(ObjectName::new("price").tag(2), 0u64).heap()?;
/// assert!(region.mutex::<u64>("price").is_err());
/// assert!(region.mutex::<u64>(ObjectName::new("price").tag(2)).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectName<'a> {
    pub(crate) name: &'a str,
    pub(crate) tag: u64,
}

impl<'a> ObjectName<'a> {
    /// That name, of 1 to 64 bytes.
    pub const fn new(name: &'a str) -> Self {
        ObjectName { name, tag: 0 }
    }

    /// With a tag.
    pub const fn tag(mut self, tag: u64) -> Self {
        self.tag = tag;
        self
    }
}

impl<'a> From<&'a str> for ObjectName<'a> {
    fn from(name: &'a str) -> Self {
        ObjectName::new(name)
    }
}

impl<'a> From<&'a alloc::string::String> for ObjectName<'a> {
    fn from(name: &'a alloc::string::String) -> Self {
        ObjectName::new(name)
    }
}
