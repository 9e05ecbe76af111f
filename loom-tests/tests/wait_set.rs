//! A set of two members that waits again and again loses no wake-up, though it looks again at those
//! alone whose bells have rung.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::thread;
use loom_tests::check;
use ringway_shm::event::{EventCount, Token};
use ringway_shm::fence::Fences;
use ringway_shm::sync::Futex;

/// A ring's bell and flag, and how many messages it has had. They are stored relaxed: nothing but
/// the count orders them.
struct Ring {
    bell: Futex,
    flag: AtomicU32,
    sent: AtomicU32,
}

impl Ring {
    fn new() -> Arc<Ring> {
        let (flag, sent) = (AtomicU32::new(0), AtomicU32::new(0));
        Arc::new(Ring { bell: Futex::new(0), flag, sent })
    }

    fn count(&self) -> EventCount<'_> {
        EventCount::with_flag(&self.bell, &self.flag)
    }

    fn send(&self, number: u32) {
        self.sent.store(number, Ordering::Relaxed);
        self.count().notify(Fences::FULL);
    }
}

/// A member of the set: its ring, what it has received, and what the set knows of its word.
struct Member {
    ring: Arc<Ring>,
    received: u32,
    token: Option<Token>,
}

impl Member {
    /// Takes the next message, if it is there.
    fn takes(&mut self) -> bool {
        let there = self.ring.sent.load(Ordering::Relaxed) > self.received;
        self.received += u32::from(there);
        there
    }

    fn has_rung(&self) -> bool {
        self.token.is_some_and(|token| self.ring.count().has_rung(token))
    }
}

/// Waits until a member has something, and takes one message of each that has, as `WaitSet` does: a
/// token is kept until its bell has rung, and no look follows it while it is kept but those that
/// come with the message before.
fn wait(members: &mut [Member; 2]) {
    loop {
        for member in members.iter_mut().filter(|member| member.has_rung()) {
            member.token = None;
        }
        // A member that has moved since is looked at without a fence.
        if members.iter_mut().map(Member::takes).filter(|&took| took).count() > 0 {
            return;
        }
        let bare = |member: &&mut Member| member.token.is_none();
        let mut armed = false;
        for member in members.iter_mut().filter(bare) {
            member.token = Some(member.ring.count().prepare());
            armed = true;
        }
        if armed {
            let reached = Fences::FULL.heavy();
            for member in members.iter_mut() {
                member.token = member.token.map(|token| token.confirm(reached));
            }
            if members.iter_mut().map(Member::takes).filter(|&took| took).count() > 0 {
                return;
            }
        }
        // What would sleep on both bells.
        while !members.iter().any(Member::has_rung) {
            thread::yield_now();
        }
    }
}

#[test]
fn a_set_of_two_whose_tokens_are_kept_misses_none_of_two_producers() {
    check("a_set_of_two_whose_tokens_are_kept_misses_none_of_two_producers", Some(3), || {
        let rings = [Ring::new(), Ring::new()];
        let producers = [(0, 2), (1, 1)].map(|(at, messages)| {
            let ring = rings[at].clone();
            thread::spawn(move || (1..=messages).for_each(|number| ring.send(number)))
        });
        let mut members = rings.map(|ring| Member { ring, received: 0, token: None });
        while members.iter().map(|member| member.received).sum::<u32>() < 3 {
            wait(&mut members);
        }
        for producer in producers {
            producer.join().unwrap();
        }
    });
}
