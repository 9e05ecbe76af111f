//! Removing a group.

use super::find;
use crate::error::JoinError;
use crate::message::Message;
use crate::ring::Ring;

impl<T: Message + ?Sized> Ring<T> {
    /// Frees the entry of a [`Group`](crate::Group) in which no worker is, with all that it has not
    /// done. `Ok(false)`: there is no group of that name. [`JoinError::InUse`]: there are workers
    /// in it. Workers of a group that was evicted are in the way only while they read a message in
    /// place.
    ///
    /// ```
    /// use ringway::{Options, Worker};
    /// use ringway::error::JoinError;
    ///
    /// let (mut producer, ring) = Options::<u64>::new(2).groups(1).heap().unwrap();
    /// let worker = Worker::join(&ring, "billing").unwrap();
    /// assert!(matches!(ring.remove_group("billing"), Err(JoinError::InUse { .. })));
    /// drop(worker);
    /// assert_eq!(producer.try_send_batch(&[1, 2, 3]), 2);
    /// assert_eq!(ring.remove_group("billing"), Ok(true));
    /// assert_eq!(producer.try_send_batch(&[3]), 1);
    /// ```
    pub fn remove_group(&self, name: &str) -> Result<bool, JoinError> {
        find::forget(&self.storage, name.as_bytes())
    }
}
