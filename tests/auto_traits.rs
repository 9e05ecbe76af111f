//! Which handles go to other threads, and which are shared, by what their messages are.
//!
//! Messages here are plain data that is `Send` and not `Sync`, `Sync` and not `Send`, neither, or
//! both.
#![cfg(all(feature = "std", not(ringway_loom)))]

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::MutexGuard;

use ringway::consumer::{Iter, Ref, Refs, Run, RunIter};
use ringway::group::{Batch, BytesJob, Job, JobRef};
use ringway::producer::{Laggard, Loan};
use ringway::raw::RawParts;
use ringway::static_ring::Parts;
use ringway::{
    Bytes, Message, Observer, Options, Plain, Producer, Ring, Start, Static, Subscriber, Worker,
};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// A message with the auto traits of `M`.
#[derive(FromBytes, IntoBytes, Immutable)]
#[repr(transparent)]
struct Like<M> {
    _number: u64,
    _marker: PhantomData<M>,
}

type Both = u64;
type SendOnly = Like<Cell<()>>;
type SyncOnly = Like<MutexGuard<'static, ()>>;
type Neither = Like<*const ()>;

/// Whether a type is `Send`, and whether it is `Sync`. What is inherent is found before what is a
/// trait's.
macro_rules! traits {
    ($T:ty) => {{
        struct Probe<T: ?Sized>(PhantomData<T>);
        #[allow(dead_code)]
        trait Otherwise {
            const SEND: bool = false;
            const SYNC: bool = false;
        }
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code)]
        impl<T: ?Sized + Send> Probe<T> {
            const SEND: bool = true;
        }
        #[allow(dead_code)]
        impl<T: ?Sized + Sync> Probe<T> {
            const SYNC: bool = true;
        }
        let _ = Probe::<$T>(PhantomData);
        (Probe::<$T>::SEND, Probe::<$T>::SYNC)
    }};
}

/// What a type that depends on its messages is for each kind of them.
macro_rules! by_message {
    ($Handle:ident<$($before:lifetime,)? _ $(, $after:tt)*>) => {
        [
            traits!($Handle<$($before,)? Both $(, $after)*>),
            traits!($Handle<$($before,)? SendOnly $(, $after)*>),
            traits!($Handle<$($before,)? SyncOnly $(, $after)*>),
            traits!($Handle<$($before,)? Neither $(, $after)*>),
        ]
    };
}

const FULLY: (bool, bool) = (true, true);
const MOVES: (bool, bool) = (true, false);
const STAYS: (bool, bool) = (false, false);

/// It moves messages to other threads, through a shared reference too.
const CARRIES: [(bool, bool); 4] = [FULLY, FULLY, STAYS, STAYS];
/// It moves messages to other threads, and is used by one at a time.
const HANDLE: [(bool, bool); 4] = [MOVES, MOVES, STAYS, STAYS];
/// It has references to messages, as a `&[T]` has.
const REFERS: [(bool, bool); 4] = [FULLY, STAYS, FULLY, STAYS];
/// There is no message in it.
const ALWAYS: [(bool, bool); 4] = [FULLY; 4];

#[test]
fn the_messages_are_what_they_are_taken_for() {
    fn is_message<T: Message + Plain>() {}
    is_message::<SendOnly>();
    is_message::<SyncOnly>();
    is_message::<Neither>();
    assert_eq!(traits!(Both), (true, true));
    assert_eq!(traits!(SendOnly), (true, false));
    assert_eq!(traits!(SyncOnly), (false, true));
    assert_eq!(traits!(Neither), (false, false));
    assert_eq!(by_message!(Run<'static, _>), REFERS);
}

#[test]
fn a_ring_goes_where_its_messages_may_go() {
    assert_eq!(by_message!(Ring<_>), CARRIES);
    assert_eq!(traits!(Ring<[u8]>), FULLY);
    // What is split goes to the threads that get the parts.
    assert_eq!(by_message!(Static<_, 4, 1>), CARRIES);
    assert_eq!(traits!(Static<Bytes<8>, 4>), FULLY);
}

#[test]
fn a_handle_goes_with_its_messages_and_is_used_by_one_thread() {
    assert_eq!(by_message!(Producer<_>), HANDLE);
    assert_eq!(by_message!(Subscriber<_>), HANDLE);
    assert_eq!(by_message!(Observer<_>), HANDLE);
    assert_eq!(by_message!(Worker<_>), HANDLE);
    assert_eq!(by_message!(Parts<_, 2>), HANDLE);
    assert_eq!(traits!(Producer<[u8]>), MOVES);
    assert_eq!(traits!(Iter<'static, Subscriber<u64>>), MOVES);
    assert_eq!(traits!(Iter<'static, Subscriber<SyncOnly>>), STAYS);
}

#[test]
fn a_guard_goes_where_its_handle_may_go() {
    assert_eq!(by_message!(Loan<'static, _>), HANDLE);
    assert_eq!(by_message!(Job<'static, _>), HANDLE);
    assert_eq!(by_message!(Batch<'static, _>), HANDLE);
    assert_eq!(traits!(BytesJob<'static>), MOVES);
    // A message that is read in place is one that others may read there too: such guards are to be
    // had for messages that are `Sync` alone.
    assert_eq!(by_message!(Ref<'static, _>), HANDLE);
    assert_eq!(by_message!(Refs<'static, _>), HANDLE);
    assert_eq!(by_message!(JobRef<'static, _>), HANDLE);
    assert_eq!(by_message!(RunIter<'static, _>), REFERS);
}

#[test]
fn what_has_no_message_in_it_goes_everywhere() {
    assert_eq!(by_message!(Options<_>), ALWAYS);
    assert_eq!(traits!(Options<[u8]>), FULLY);
    assert_eq!(traits!(Laggard), FULLY);
    assert_eq!(traits!(Start), FULLY);
    // Where memory is, and no promise that it is there: as a pointer.
    assert_eq!(traits!(RawParts), STAYS);
    #[cfg(target_os = "linux")]
    {
        assert_eq!(traits!(ringway::Anonymous), FULLY);
        assert_eq!(traits!(ringway::Segment), FULLY);
        assert_eq!(traits!(ringway::error::CreateError), FULLY);
        assert_eq!(traits!(ringway::error::ResumeError), FULLY);
        assert_eq!(traits!(ringway::error::OpenError), FULLY);
        assert_eq!(traits!(ringway::error::InheritError), FULLY);
    }
}

/// What it is for: threads join a ring that all of them have, though no message is ever shared.
#[test]
fn threads_that_share_a_ring_get_messages_that_cannot_be_shared() {
    let (mut producer, ring) = Options::<SendOnly>::new(4).heap().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let ring = &ring;
            scope.spawn(move || {
                let mut subscriber = ring.subscribe(Start::Oldest).unwrap();
                assert_eq!(subscriber.recv().unwrap()._number, 7);
            });
        }
        producer.wait_for_consumers(2, std::time::Duration::from_secs(60)).unwrap();
        producer.send(&Like { _number: 7, _marker: PhantomData }).unwrap();
    });
}
