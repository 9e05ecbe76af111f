//! A producer whose next segment is made ahead, in a thread of the program's.

use super::Producer;
use super::grower::{Grower, Orders};
use super::need::Need;
use crate::memory::Storage;
use crate::message::Message;
use ringway_shm::wait::Wait;

/// Bytes of a segment that is made while a larger one is being made.
const AT_ONCE: u64 = 1 << 18;

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// What makes the next segment of a ring that [grows](crate::Options::unbounded) before it is
    /// needed, so that sending does not wait for memory to be allocated: some 0.7 s for 1 GiB. To be
    /// [run](Grower::run) in a thread of the program's; the library starts none. It goes on for as
    /// long as the producer lives. One for each producer: a later one takes the place of the one
    /// before. `None`: the ring does not grow.
    ///
    /// What has been made and is not yet used counts for the [limit](crate::Options::unbounded). Where
    /// a segment is needed before it has been made, the producer goes on in a small one.
    ///
    /// ```
    /// use ringway::{Options, Start};
    ///
    /// let (mut producer, ring) = Options::<u64>::new(64).unbounded(64 << 20).heap().unwrap();
    /// let mut subscriber = ring.subscribe(Start::Next).unwrap();
    /// let grower = producer.grower().unwrap();
    /// let thread = std::thread::spawn(move || grower.run());
    /// (0..10_000).for_each(|n| producer.try_send(&n).unwrap());
    /// drop(producer);
    /// thread.join().unwrap();
    /// assert_eq!(subscriber.iter().count(), 10_000);
    /// ```
    pub fn grower(&mut self) -> Option<Grower> {
        let orders = Orders::default();
        #[cfg(target_os = "linux")]
        let maker = self.storage.maker();
        #[cfg(not(target_os = "linux"))]
        let maker = None;
        let grower = Grower::new(&orders, maker);
        self.set_orders(orders).then_some(grower)
    }
}

impl<T: Message + ?Sized, W: Wait> Producer<T, W> {
    /// A new segment that begins at the next position: one that was made ahead, or one of that
    /// capacity, or, where one is to be made ahead, one that takes no time.
    pub(super) fn make(&self, capacity: usize, needed: Option<usize>) -> Option<Storage> {
        let mut capacity = capacity;
        if let Some(orders) = self.orders().filter(|_| self.storage.can_die()) {
            let plan = self.chain.0.as_ref()?.plan;
            let made = orders.take(plan.limit.saturating_sub(self.used()), needed);
            #[cfg(target_os = "linux")]
            if let Some(spare) = made {
                let geometry = self.geometry(spare.capacity)?;
                return spare.begin(geometry);
            }
            #[cfg(not(target_os = "linux"))]
            drop(made);
            let least = plan.first.max(needed.unwrap_or(1));
            let bytes = |capacity| self.geometry(capacity).map_or(0, |g| Storage::bytes_of(&g));
            while capacity / 2 >= least && bytes(capacity) > AT_ONCE {
                capacity /= 2;
            }
        }
        self.storage.make_next(self.geometry(capacity)?)
    }

    pub(super) fn orders(&self) -> Option<&Orders> {
        self.chain.0.as_ref()?.orders.as_ref()
    }

    /// Has a thread make segments ahead. `false`: the ring does not grow.
    pub(super) fn set_orders(&mut self, orders: Orders) -> bool {
        let Some(segments) = &mut self.chain.0 else { return false };
        segments.orders = Some(orders);
        self.order();
        true
    }

    /// Has the next segment made ahead, if it is allowed.
    pub(super) fn order(&self) {
        if let Some(orders) = self.orders().filter(|_| self.storage.can_die()) {
            if orders.bytes() == 0 {
                orders.want(self.larger(Need::MESSAGE).and_then(|next| self.geometry(next)));
            }
        }
    }
}
