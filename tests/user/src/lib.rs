//! What compiles.

pub use ringway as elsewhere;
use ringway::prelude::*;
use ringway::zerocopy::FromBytes;
use ringway::zerocopy::big_endian::U32;

/// Attributes stand on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
#[message]
#[derive(Default)]
pub struct Quote {
    pub instrument: u32,
    pub size: u32,
    pub level: Level,
}

/// A part of a message.
#[message]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(8))]
pub struct Level {
    pub prices: [f64; 4],
}

#[message]
#[repr(transparent)]
pub struct Wire(pub U32);

#[message(crate = "crate::elsewhere")]
pub struct ByAnotherPath(pub u64);

/// A field that is not there may be of a type that is not there.
#[message]
pub struct Configured {
    #[cfg(any())]
    pub missing: Missing,
    #[cfg(not(any()))]
    pub there: u32,
}

/// What a macro makes has its parts in groups that cannot be seen.
macro_rules! made {
    ($(#[$meta:meta])* $name:ident { $($seen:vis $field:ident: $kind:ty,)* } $side:vis $tuple:ident($($part:vis $of:ty),*)) => {
        $(#[$meta])*
        #[message]
        pub struct $name { $($seen $field: $kind,)* }

        #[message]
        $side struct $tuple($($part $of),*);
    };
}

made!(#[repr(transparent)] Made { pub field: u32, } pub MadeToo(pub u16, u16));

pub mod inner {
    /// Where no name is in scope but that of the crate.
    #[ringway::message]
    pub(crate) struct Unit;
}

pub fn all() -> Result<(), Box<dyn std::error::Error>> {
    fn is_plain<T: Plain>() {}
    is_plain::<Wire>();
    is_plain::<ByAnotherPath>();
    is_plain::<inner::Unit>();
    is_plain::<Configured>();
    is_plain::<[Made; 2]>();
    is_plain::<MadeToo>();
    let (mut producer, ring) = Options::<Quote>::new(8).heap()?;
    let mut subscriber = ring.subscribe(Start::Next)?;
    let quote = Quote { instrument: 7, ..Quote::default() };
    producer.send(&quote)?;
    assert_eq!(subscriber.recv()?, quote);
    assert_eq!(Wire::read_from_bytes(&[0, 0, 0, 7]).unwrap().0.get(), 7);
    Ok(())
}
