//! What wakes tasks, whatever their runtime: a cell for a task's waker, and in which process it was
//! put there.

mod home;
mod waker_cell;

pub use home::{Home, HomeCell};
pub use waker_cell::{WakerCell, outlive};
