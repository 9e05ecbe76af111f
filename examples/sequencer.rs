//! A total order for the messages of many senders: a sequencer takes them from a mailbox and sends
//! them into one ring, to which all subscribe that want that order.
//!
//! ```sh
//! cargo run --example sequencer
//! ```
//!
//! A sequencer can be killed between sending a message and saying that it is done. Here the first
//! one stops there. The next one gets that message once more, with a mark, and finds it at the end
//! of the ring.
#![allow(clippy::unnecessary_cast, reason = "positions have 32 bits on some targets")]

fn main() -> std::process::ExitCode {
    match sides::run() {
        Ok(report) => {
            println!("{report}");
            std::process::ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(all(feature = "std", feature = "derive", target_os = "linux"))]
mod sides {
    use std::error::Error;
    use std::hash::{DefaultHasher, Hash, Hasher};
    use std::thread;
    use std::time::Duration;

    use ringway::error::mailbox::RecvTimeoutError;
    use ringway::mailbox::{self, Mailbox, Options as MailboxOptions, Receiver};
    use ringway::{Options, Producer, Ring, Segment, Start, Subscriber, message};

    pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

    const SENDERS: [&str; 3] = ["billing", "shop", "support"];
    const ORDERS: u64 = 1000;

    /// A message in the ring.
    #[message]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Sequenced {
        /// Which sender's, and which of its messages.
        sender: u64,
        position: u64,
        order: u64,
    }

    /// The same number for the same lane.
    fn number(lane: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        lane.hash(&mut hasher);
        hasher.finish()
    }

    /// The one that sends into the ring.
    struct Sequencer {
        receiver: Receiver<u64>,
        producer: Producer<Sequenced>,
        /// The last message in the ring.
        last: Option<Sequenced>,
    }

    impl Sequencer {
        /// Takes over from one that has gone, or begins. The ring has one producer, so that there
        /// is one sequencer at a time.
        fn start(mailbox: &Mailbox<u64>, ring: &Segment) -> Outcome<Sequencer> {
            let producer = Options::<Sequenced>::new(4096).create_or_resume(ring)?;
            let mut observer = Ring::<Sequenced>::open(ring)?.observe(Start::Oldest)?;
            let mut last = None;
            while let Ok(message) = observer.try_recv() {
                last = Some(message);
            }
            Ok(Sequencer { receiver: mailbox.receiver()?, producer, last })
        }

        /// Gives the next message its place in the order. `false`: none came.
        fn step(&mut self, dies: bool) -> Outcome<bool> {
            let letter = match self.receiver.recv_timeout(Duration::from_millis(200)) {
                Ok(letter) => letter,
                Err(RecvTimeoutError::Timeout) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            let (sender, position) = (number(letter.sender().lane()), letter.position());
            let message = Sequenced { sender, position: position as u64, order: *letter };
            // One message at a time is sent and not done: the last one.
            if !letter.redelivered() || self.last != Some(message) {
                self.producer.send(&message)?;
                self.last = Some(message);
            }
            if dies {
                letter.nack()?;
            } else {
                letter.done()?;
            }
            Ok(true)
        }
    }

    fn read(mut subscriber: Subscriber<Sequenced>) -> Outcome<Vec<Sequenced>> {
        (0..SENDERS.len() as u64 * ORDERS).map(|_| Ok(subscriber.recv()?)).collect()
    }

    fn send(mailbox: &Mailbox<u64>, name: &str) -> Outcome<()> {
        let mut sender = mailbox.sender_named(name)?;
        (0..ORDERS).try_for_each(|order| sender.send(&order))?;
        Ok(())
    }

    fn sequence(name: &str, segment: &Segment) -> Outcome<String> {
        // More receivers than one, so that a message which comes again has a mark.
        let mailbox = MailboxOptions::<u64>::new(256).receivers(2).create(name)?;
        let mut sequencer = Sequencer::start(&mailbox, segment)?;
        let ring = Ring::<Sequenced>::open(segment)?;
        let [first, second] = [ring.subscribe(Start::Next)?, ring.subscribe(Start::Next)?];
        let (first, second) = thread::scope(|scope| -> Outcome<_> {
            let readers = [first, second].map(|reader| scope.spawn(|| read(reader)));
            let mailbox = &mailbox;
            let senders = SENDERS.map(|name| scope.spawn(move || send(mailbox, name)));
            for _ in 0..1000 {
                sequencer.step(false)?;
            }
            sequencer.step(true)?;
            let Sequencer { receiver, producer, .. } = sequencer;
            drop(receiver);
            producer.detach();
            let mut sequencer = Sequencer::start(mailbox, segment)?;
            while sequencer.step(false)? {}
            for sender in senders {
                sender.join().map_err(|_| "a sender has panicked")??;
            }
            let [first, second] = readers.map(thread::ScopedJoinHandle::join);
            let panicked = |_| "a reader has panicked";
            Ok((first.map_err(panicked)??, second.map_err(panicked)??))
        })?;
        if first != second {
            return Err("the readers do not agree".into());
        }
        for name in SENDERS {
            let of = number(&format!("s.{name}"));
            let orders = first.iter().filter(|message| message.sender == of);
            if !orders.map(|message| message.order).eq(0..ORDERS) {
                return Err(format!("not everything of {name} is there, in order").into());
            }
        }
        Ok(format!("{} messages of {} senders, in one order", first.len(), SENDERS.len()))
    }

    pub(crate) fn run() -> Outcome<String> {
        let name = format!("ringway-sequencer-{}", std::process::id());
        let outcome = sequence(&name, &Segment::new(format!("{name}.order")));
        mailbox::unlink(&name)?;
        outcome
    }
}

#[cfg(not(all(feature = "std", feature = "derive", target_os = "linux")))]
mod sides {
    pub(crate) fn run() -> Result<String, Box<dyn std::error::Error>> {
        Err("this example needs Linux and the features `std` and `derive`".into())
    }
}
