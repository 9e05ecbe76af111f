//! What a ring does that is full, and other things that need no interrupt.

use firmware::message::Sample;
use firmware::{println, ring};
use ringway::error::{TryRecvError, TrySendError};
use ringway::{Overflow, Start, Static};

pub fn full() {
    let mut parts = ring!(Static<Sample, 8>).split_mut(Overflow::Wait, 0).unwrap();
    let [subscriber] = &mut parts.subscribers;
    for number in 0..8 {
        parts.producer.try_send(&Sample::new(number)).unwrap();
    }
    assert_eq!(parts.producer.try_send(&Sample::new(8)), Err(TrySendError::Full));
    assert_eq!(parts.producer.len(), 8);
    assert_eq!(subscriber.try_recv(), Ok(Sample::new(0)));
    assert_eq!(subscriber.try_recv(), Ok(Sample::new(1)));
    let batch = [8, 9, 10].map(Sample::new);
    assert_eq!(parts.producer.try_send_batch(&batch), 2);
    let mut buffer = [Sample::new(0); 16];
    assert_eq!(subscriber.try_recv_batch(&mut buffer), Ok(8));
    for (sample, number) in buffer.iter().zip(2..10) {
        assert_eq!(*sample, Sample::new(number));
    }
    assert_eq!(subscriber.try_recv(), Err(TryRecvError::Empty));
    // Whoever has left holds nothing back.
    drop(parts.subscribers);
    for number in 0..100 {
        parts.producer.try_send(&Sample::new(number)).unwrap();
    }
    println!("    8 of 9 sent, 2 of 3 in a batch, 100 to nobody");
}

pub fn overwriting() {
    let mut parts = ring!(Static<u32, 4, 0>).split_mut(Overflow::Overwrite, 0).unwrap();
    let mut observer = parts.ring.observe(Start::Next).unwrap();
    for number in 0..1000 {
        parts.producer.try_send(&number).unwrap();
    }
    assert_eq!(observer.try_recv(), Err(TryRecvError::Lagged(996)));
    for number in 996..1000 {
        assert_eq!(observer.try_recv(), Ok(number));
    }
    assert_eq!(observer.try_recv(), Err(TryRecvError::Empty));
    println!("    1000 sent, 996 lagged");
}

pub fn split_once() {
    let refused = ring!(Static<u32, 4>).split_mut(Overflow::Overwrite, 0);
    assert_eq!(refused.unwrap_err(), ringway::error::SplitError::Overwrites);
    #[cfg(any(target_has_atomic = "32", feature = "portable-atomic"))]
    {
        static RING: Static<u32, 4> = Static::new();
        let mut parts = RING.split().unwrap();
        assert_eq!(RING.split().unwrap_err(), ringway::error::SplitError::AlreadySplit);
        // Whoever leaves makes a place for another one, which is then taken.
        drop(parts.subscribers);
        parts.producer.try_send(&1).unwrap();
        let mut late = parts.ring.subscribe(Start::Next).unwrap();
        assert!(parts.ring.subscribe(Start::Next).is_err());
        parts.producer.try_send(&2).unwrap();
        assert_eq!(late.try_recv(), Ok(2));
        println!("    and its subscribers come and go");
    }
}
