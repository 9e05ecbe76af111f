//! What ringway is compared with: the same two operations, on 16 messages of 4 bytes. And nothing at all, which
//! is what calling them costs.

use core::hint::black_box;

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn nothing_send(producer: &mut u32, message: u32) -> bool {
    *producer = message;
    black_box(true)
}

#[inline(never)]
#[unsafe(no_mangle)]
pub extern "Rust" fn nothing_recv(consumer: &mut u32) -> Option<u32> {
    black_box(Some(*consumer))
}

/// Without compare-and-swap it turns interrupts off: another thing than is compared here.
#[cfg(target_has_atomic = "ptr")]
pub mod bb {
    use bbqueue::nicknames::Churrasco;
    use bbqueue::prod_cons::stream::{StreamConsumer, StreamProducer};

    /// A queue of bytes.
    pub type Queue = Churrasco<64>;
    /// Its two sides.
    pub type Producer = StreamProducer<&'static Queue>;
    /// Its two sides.
    pub type Consumer = StreamConsumer<&'static Queue>;

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn bbqueue_send(producer: &mut Producer, message: u32) -> bool {
        let Ok(mut grant) = producer.grant_exact(4) else { return false };
        grant.copy_from_slice(&message.to_ne_bytes());
        grant.commit(4);
        true
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn bbqueue_recv(consumer: &mut Consumer) -> Option<u32> {
        let grant = consumer.read().ok()?;
        let message = grant.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes));
        grant.release(4);
        message
    }
}

/// It is not there on RISC-V without compare-and-swap.
#[cfg(any(target_arch = "arm", target_has_atomic = "ptr"))]
pub mod heapless {
    use ::heapless::spsc::{self, Consumer, Producer};

    /// One place is always empty.
    pub type Queue = spsc::Queue<u32, 17>;

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn heapless_send(
        producer: &mut Producer<'static, u32>,
        message: u32,
    ) -> bool {
        producer.enqueue(message).is_ok()
    }

    #[inline(never)]
    #[unsafe(no_mangle)]
    pub extern "Rust" fn heapless_recv(consumer: &mut Consumer<'static, u32>) -> Option<u32> {
        consumer.dequeue()
    }
}
