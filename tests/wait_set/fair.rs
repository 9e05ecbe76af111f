//! No member keeps another from being returned.

use ringway::{Options, Start, WaitSet};

/// One ring that is never empty, and one message in each of the others, of which the caller deals
/// with the first key of each return alone.
#[test]
fn of_64_rings_with_one_saturated_each_other_one_is_first_within_64_returns() {
    const RINGS: u64 = 64;
    let set = WaitSet::new();
    let mut rings: Vec<_> = (0..RINGS)
        .map(|key| {
            let (producer, ring) = Options::<u64>::new(8).heap().unwrap();
            let mut subscriber = ring.subscribe(Start::Next).unwrap();
            set.add(&mut subscriber, key).unwrap();
            (producer, subscriber)
        })
        .collect();
    for saturated in [0, 17, RINGS - 1] {
        for (producer, _) in &mut rings {
            producer.send(&0).unwrap();
        }
        let (mut ready, mut first) = (Vec::new(), Vec::new());
        for turn in 0..RINGS {
            let found = set.wait(&mut ready).unwrap();
            assert!(ready.contains(&saturated));
            // All that are ready are returned each time.
            assert_eq!(found as u64, RINGS - first.len() as u64, "at turn {turn}");
            let key = ready[0];
            let (producer, subscriber) = &mut rings[key as usize];
            assert_eq!(subscriber.try_recv(), Ok(0));
            match key == saturated {
                true => producer.send(&0).unwrap(),
                false => first.push(key),
            }
            if first.len() as u64 == RINGS - 1 {
                break;
            }
        }
        let late = RINGS as usize - 1 - first.len();
        assert!(late <= 1, "{late} others were not first within 64 returns");
        while set.try_wait(&mut ready).unwrap() > 0 {
            for &key in &ready {
                assert_eq!(rings[key as usize].1.try_recv(), Ok(0));
            }
        }
    }
}
