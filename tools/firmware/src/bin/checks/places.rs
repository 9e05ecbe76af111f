//! Rings in memory of which the linker script says where it is. Nobody clears it at the start.

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use firmware::message::Sample;
use firmware::println;
use ringway::error::{HeaderError, JoinError};
use ringway::raw::RawParts;
use ringway::{Message, Options, Overflow, Producer, Ring, Spin, Start, Static};

unsafe extern "C" {
    static __shared_start: u32;
    static __shared_end: u32;
}

/// Whether something lies in the shared section.
fn is_shared<T>(at: *const T) -> bool {
    let at = at.addr();
    at >= (&raw const __shared_start).addr()
        && at + size_of::<T>() <= (&raw const __shared_end).addr()
}

pub fn section() {
    #[unsafe(link_section = ".shared")]
    static mut RING: Static<Sample, 8> = Static::new();
    let at = &raw mut RING;
    // As it may be after the power came on.
    // SAFETY: nobody else knows of it.
    unsafe { at.write_bytes(0xa5, 1) };
    // A `Static` in a section that is not cleared at the start has to be, before it is split.
    // SAFETY: as above.
    unsafe { at.write(Static::new()) };
    // SAFETY: the only reference.
    let ring = unsafe { &mut *at };
    assert!(is_shared(ring));
    let mut parts = ring.split_mut(Overflow::Wait, 0).unwrap();
    let [subscriber] = &mut parts.subscribers;
    for number in 0..100 {
        parts.producer.try_send(&Sample::new(number)).unwrap();
        assert_eq!(subscriber.try_recv(), Ok(Sample::new(number)));
    }
    println!("    {} bytes", size_of::<Static<Sample, 8>>());
}

/// Memory that both sides find by its address, which stands in their linker scripts.
#[repr(C, align(8))]
struct Shared {
    data: UnsafeCell<MaybeUninit<[u8; 640]>>,
    control: UnsafeCell<MaybeUninit<[u8; 512]>>,
}

// SAFETY: what is in there are atomics.
unsafe impl Sync for Shared {}

#[unsafe(link_section = ".shared")]
static SHARED: Shared = Shared {
    data: UnsafeCell::new(MaybeUninit::uninit()),
    control: UnsafeCell::new(MaybeUninit::uninit()),
};

/// Where a side finds the ring that `options` describe.
pub fn shared_parts(data_len: usize, control_len: usize) -> RawParts {
    let (data, control) = (NonNull::from(&SHARED.data), NonNull::from(&SHARED.control));
    assert!(data_len <= size_of_val(&SHARED.data) && control_len <= size_of_val(&SHARED.control));
    assert!(is_shared(&raw const SHARED));
    RawParts { data: data.cast(), data_len, control: Some(control.cast()), control_len }
}

/// What the side does that creates the ring.
pub fn create<M: Message + ?Sized>(options: Options<M>) -> (Producer<M>, RawParts) {
    let (data_len, control_len) = options.segment_lengths().unwrap();
    let parts = shared_parts(data_len, control_len);
    // SAFETY: the only access, and no handle of an earlier ring there is used again.
    unsafe { SHARED.data.get().write_bytes(0, 1) };
    // SAFETY: as above.
    unsafe { SHARED.control.get().write_bytes(0, 1) };
    // SAFETY: just initialised, there for ever, and nobody else's.
    (unsafe { options.create_raw(parts) }.unwrap(), parts)
}

pub fn raw() {
    const TAG: u64 = 0x7e57;
    let (mut producer, parts) = create(Options::<Sample>::new(8).subscribers(2).tag(TAG));
    // The other side attaches: it compares what the header says with what it was compiled for.
    // SAFETY: the memory of a ring, there for ever.
    let other = unsafe { Ring::<u64>::open_raw(parts, TAG) };
    assert!(other.is_err());
    // SAFETY: as above.
    let other = unsafe { Ring::<Sample>::open_raw(parts, TAG + 1) };
    assert!(other.is_err());
    // SAFETY: as above.
    let ring = unsafe { Ring::<Sample>::open_raw(parts, TAG) }.unwrap();
    let mut observer = ring.observe(Start::Next).unwrap();
    // Each side has the entry that was agreed on, for want of a compare-and-swap that both can do.
    // SAFETY: nobody joins meanwhile.
    let mut agreed = unsafe { ring.subscribe_in(1, Start::Next, Spin) }.unwrap();
    for (entry, entries) in [(1, 2), (2, 2)] {
        // SAFETY: as above.
        let refused = unsafe { ring.subscribe_in(entry, Start::Next, Spin) };
        assert_eq!(refused.unwrap_err(), JoinError::EntryInUse { entry, entries });
    }
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    let mut subscriber = ring.subscribe(Start::Next).unwrap();
    for number in 0..100 {
        producer.try_send(&Sample::new(number)).unwrap();
        assert_eq!(observer.try_recv(), Ok(Sample::new(number)));
        assert_eq!(agreed.try_recv(), Ok(Sample::new(number)));
        #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
        assert_eq!(subscriber.try_recv(), Ok(Sample::new(number)));
    }
    // Whoever leaves makes a place for another one.
    drop(agreed);
    // SAFETY: as above.
    let mut agreed = unsafe { ring.subscribe_in(1, Start::Next, Spin) }.unwrap();
    producer.try_send(&Sample::new(100)).unwrap();
    assert_eq!(agreed.try_recv(), Ok(Sample::new(100)));
    println!("    {} bytes of data, {} of control", parts.data_len, parts.control_len);
}

/// Headers that say that there is an arena or a text, where these would be: see docs/layout.md.
pub fn arena_or_text() {
    /// Bytes in which the header says how large an arena is.
    const UNIT: usize = 128;
    // Words of the header, and what is written there: the arena's size and place, the text's place
    // and length.
    for is_text in [false, true] {
        let (producer, mut parts) = create(Options::bytes(4, 8).subscribers(1));
        drop(producer);
        let after = parts.data_len.next_multiple_of(UNIT);
        let fields = if is_text { [(6, 128 + 52 + 4), (7, 4)] } else { [(27, 1), (28, after)] };
        // SAFETY: the memory of a ring, there for ever.
        assert!(unsafe { Ring::<[u8]>::open_raw(parts, 0) }.is_ok());
        for (at, value) in fields {
            // SAFETY: in the header.
            let word = unsafe { parts.data.cast::<u32>().add(at) };
            // SAFETY: valid and aligned, and no handle is left.
            unsafe { word.write(value as u32) };
        }
        parts.data_len = after + UNIT;
        assert!(parts.data_len <= size_of_val(&SHARED.data));
        // SAFETY: as above.
        let refused = unsafe { Ring::<[u8]>::open_raw(parts, 0) }.unwrap_err();
        assert!(
            matches!(refused, HeaderError::Corrupt { what } if what.ends_with("arena or text"))
        );
        println!("    {refused}");
    }
}
