//! What a handle has of the task that awaits it, where there are none.

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Task;
