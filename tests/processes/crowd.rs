//! One producer and four consumers: three subscribers and an observer.

use crate::child::Child;
use crate::place::Place;

pub(crate) const SUBSCRIBERS: usize = 3;

/// Starts the five, in the roles `<prefix>producer`, `<prefix>subscriber` and `<prefix>observer`. A
/// consumer says `joined`, and the producer is told to go on when all have. At their ends they say
/// their accounts, one for each ring, and these have to agree.
pub(crate) fn everybody_gets_it(test: &str, prefix: &str, rings: usize) {
    let place = Place::new(test);
    let start = |role: &str, argument: usize| {
        Child::start(&place, &format!("{prefix}{role}"), &argument.to_string())
    };
    let subscribers: Vec<_> = (0..SUBSCRIBERS).map(|n| start("subscriber", n)).collect();
    let mut producer = start("producer", 0);
    let observer = start("observer", 0);
    for consumer in subscribers.iter().chain([&observer]) {
        consumer.hears("joined");
    }
    producer.go();

    for ring in 0..rings {
        let sent = producer.account();
        assert!(sent.messages > 0);
        for subscriber in &subscribers {
            assert_eq!(subscriber.account(), sent, "ring {ring}");
        }
        let observed = observer.account();
        assert_eq!(observed.position(), sent.messages, "ring {ring}: {observed:?}");
        if observed.lagged == 0 {
            assert_eq!(observed, sent, "ring {ring}");
        }
    }
    for child in subscribers.into_iter().chain([observer, producer]) {
        child.ends();
    }
    place.is_empty();
}
