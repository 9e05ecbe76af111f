//! Options that would make a ring like one that is there.

use super::Options;
use crate::memory::View;
use crate::memory::shape::{Schema, Shape};
use crate::message::Message;
use crate::protocol::limits::Limits;
use ringway_shm::fence::MODE_ASYMMETRIC;
use ringway_shm::sync::Ordering;

impl<T: Message + ?Sized> Options<T> {
    /// What would make a ring like the one that has that memory.
    pub(crate) fn of(view: &View) -> Self {
        let measures = view.measures();
        let shape = measures.shape(Schema::of::<T>(measures.max_len), view.producer().tag());
        Options {
            workers: (shape.groups > 0).then_some(shape.workers),
            asymmetric: view.producer().mode.load(Ordering::Relaxed) == MODE_ASYMMETRIC,
            limits: Limits::read(view),
            ..Self::with(shape.capacity, shape.schema.max_len)
        }
        .shaped(shape)
    }

    fn shaped(mut self, shape: Shape) -> Self {
        self.shape = shape;
        self
    }
}
