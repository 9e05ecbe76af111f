//! What the hardware allows: the same cores, memory of the same kind, and nothing but what has to
//! cross over. No flow control but what two blocks need, no second consumer, no death, no sleep.

use std::hint::spin_loop;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use anyhow::{Result, ensure};
use rustix::thread::futex;

use crate::peers::buffer;
use crate::shared::Words;
use crate::transport::{Manner, Message, Receiver, Sender, Spec, Transport};
use crate::work::fill;

/// Words of a cache line, and of the pair of lines that the hardware fetches together.
const LINE: usize = 8;
const PAIR: usize = 2 * LINE;

/// F1: one word of a cache line. For ping-pong only: nothing keeps a second message from overwriting
/// the first. Messages are what [`fill`] writes for the numbers from 0 on; the number alone crosses
/// over, and is its own mark that it is there.
pub struct OneLine;

/// F2: the same, but the line walks through a buffer of the size of a ring.
pub struct WalkingLine;

/// One end of F1 or F2.
pub struct Line {
    words: Arc<Words>,
    mask: usize,
    next: u64,
}

impl Line {
    fn new(words: &Arc<Words>) -> Result<Line> {
        Ok(Line { words: words.clone(), mask: words.len() / LINE - 1, next: 0 })
    }

    #[inline]
    fn word(&self) -> &AtomicU64 {
        &self.words[(self.next as usize & self.mask) * LINE]
    }
}

impl<const W: usize> Transport<W> for OneLine {
    const SINGLE: Manner = Manner::Copied;

    type Link = Arc<Words>;
    type Sender = Line;
    type Receiver = Line;

    fn link(_: Spec) -> Result<Arc<Words>> {
        Ok(Arc::new(Words::new(LINE)?))
    }

    fn sender(words: &Arc<Words>, _: Spec) -> Result<Line> {
        Line::new(words)
    }

    fn receiver(words: &Arc<Words>, _: Spec) -> Result<Line> {
        Line::new(words)
    }
}

impl<const W: usize> Transport<W> for WalkingLine {
    const SINGLE: Manner = Manner::Copied;

    type Link = Arc<Words>;
    type Sender = Line;
    type Receiver = Line;

    fn link(spec: Spec) -> Result<Arc<Words>> {
        // A state and a number for each message.
        let words = spec.capacity.next_power_of_two() * 2;
        Ok(Arc::new(Words::new(words.max(LINE))?))
    }

    fn sender(words: &Arc<Words>, _: Spec) -> Result<Line> {
        Line::new(words)
    }

    fn receiver(words: &Arc<Words>, _: Spec) -> Result<Line> {
        Line::new(words)
    }
}

impl<const W: usize> Sender<W> for Line {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        let mut message = [0; W];
        write(&mut message);
        self.word().store(message[0] + 1, Ordering::Release);
        self.next += 1;
    }
}

impl<const W: usize> Receiver<W> for Line {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        let there = self.next + 1;
        while self.word().load(Ordering::Acquire) != there {
            spin_loop();
        }
        self.next = there;
        let mut message = [0; W];
        fill(&mut message, there - 1);
        read(&message)
    }
}

/// Words of a block, 8 KiB, and how many blocks there are.
const BLOCK: usize = 1024;
const BLOCKS: usize = 2;

/// F3 and F4: a double buffer. Each block has one flag: 0 is empty, 1 is full.
pub struct Blocks {
    words: Arc<Words>,
    /// The block that this side is at, and how much of it is done.
    block: usize,
    done: usize,
    /// This side has the block to itself.
    owned: bool,
}

impl Blocks {
    fn link() -> Result<Arc<Words>> {
        Ok(Arc::new(Words::new(BLOCKS * (PAIR + BLOCK))?))
    }

    fn new(words: &Arc<Words>) -> Result<Blocks> {
        Ok(Blocks { words: words.clone(), block: 0, done: 0, owned: false })
    }

    /// The rest of this side's block, waited for until its flag is `mine`.
    #[inline]
    fn rest(&mut self, mine: u64) -> NonNull<[u64]> {
        if !self.owned {
            while self.words[self.block * PAIR].load(Ordering::Acquire) != mine {
                spin_loop();
            }
            self.owned = true;
        }
        let words = &self.words[BLOCKS * PAIR + self.block * BLOCK..][self.done..BLOCK];
        // From here on as plain memory, which it is while the flag is this side's.
        NonNull::slice_from_raw_parts(NonNull::from_ref(words).cast(), words.len())
    }

    /// So many more words of the block are done; at its end it becomes the other side's.
    #[inline]
    fn advance(&mut self, words: usize, theirs: u64) {
        self.done += words;
        if self.done == BLOCK {
            self.words[self.block * PAIR].store(theirs, Ordering::Release);
            self.block = (self.block + 1) % BLOCKS;
            self.done = 0;
            self.owned = false;
        }
    }

    /// The sender's part of a block.
    #[inline]
    fn fill_part(&mut self) -> &mut [u64] {
        // SAFETY: the flag says that the block is empty: nobody else touches it until `advance`,
        // which takes `&mut self`.
        unsafe { self.rest(EMPTY).as_mut() }
    }

    /// The receiver's part of a block.
    #[inline]
    fn full_part(&mut self) -> &[u64] {
        // SAFETY: the flag says that the block is full: nobody writes it until `advance`, which
        // takes `&mut self`.
        unsafe { self.rest(FULL).as_ref() }
    }
}

const EMPTY: u64 = 0;
const FULL: u64 = 1;

/// F3: numbers, written and read in the buffer itself.
pub struct Numbers;

impl Transport<1> for Numbers {
    const SINGLE: Manner = Manner::InPlace;
    const BATCH: Option<Manner> = Some(Manner::InPlace);

    type Link = Arc<Words>;
    type Sender = Blocks;
    type Receiver = Blocks;

    fn link(_: Spec) -> Result<Arc<Words>> {
        Blocks::link()
    }

    fn sender(words: &Arc<Words>, _: Spec) -> Result<Blocks> {
        Blocks::new(words)
    }

    fn receiver(words: &Arc<Words>, _: Spec) -> Result<Blocks> {
        Blocks::new(words)
    }
}

impl Sender<1> for Blocks {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<1>)) {
        let mut message = [0];
        write(&mut message);
        self.fill_part()[0] = message[0];
        self.advance(1, FULL);
    }

    #[inline]
    fn send_batch(&mut self, n: usize, mut write: impl FnMut(usize, &mut Message<1>)) {
        let mut sent = 0;
        while sent < n {
            let (messages, _) = self.fill_part().as_chunks_mut();
            let now = messages.len().min(n - sent);
            for (i, message) in messages[..now].iter_mut().enumerate() {
                write(sent + i, message);
            }
            self.advance(now, FULL);
            sent += now;
        }
    }
}

impl Receiver<1> for Blocks {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<1>) -> R) -> R {
        let outcome = read(&[self.full_part()[0]]);
        self.advance(1, EMPTY);
        outcome
    }

    #[inline]
    fn recv_batch(&mut self, max: usize, read: impl FnMut(&Message<1>)) -> usize {
        let (messages, _) = self.full_part().as_chunks();
        let now = messages.len().min(max);
        messages[..now].iter().for_each(read);
        self.advance(now, EMPTY);
        now
    }
}

/// F4: large messages, copied in and copied out, block by block.
pub struct Copies;

/// One end of F4.
pub struct CopyEnd<const W: usize> {
    blocks: Blocks,
    message: Box<Message<W>>,
}

impl<const W: usize> CopyEnd<W> {
    fn new(words: &Arc<Words>) -> Result<CopyEnd<W>> {
        ensure!(W.is_multiple_of(BLOCK), "F4 is for messages of whole blocks");
        Ok(CopyEnd { blocks: Blocks::new(words)?, message: buffer() })
    }
}

impl<const W: usize> Transport<W> for Copies {
    const SINGLE: Manner = Manner::Copied;

    type Link = Arc<Words>;
    type Sender = CopyEnd<W>;
    type Receiver = CopyEnd<W>;

    fn link(_: Spec) -> Result<Arc<Words>> {
        Blocks::link()
    }

    fn sender(words: &Arc<Words>, _: Spec) -> Result<CopyEnd<W>> {
        CopyEnd::new(words)
    }

    fn receiver(words: &Arc<Words>, _: Spec) -> Result<CopyEnd<W>> {
        CopyEnd::new(words)
    }
}

impl<const W: usize> Sender<W> for CopyEnd<W> {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<W>)) {
        write(&mut self.message);
        for part in self.message.chunks_exact(BLOCK) {
            self.blocks.fill_part().copy_from_slice(part);
            self.blocks.advance(BLOCK, FULL);
        }
    }
}

impl<const W: usize> Receiver<W> for CopyEnd<W> {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<W>) -> R) -> R {
        for part in self.message.chunks_exact_mut(BLOCK) {
            part.copy_from_slice(self.blocks.full_part());
            self.blocks.advance(BLOCK, EMPTY);
        }
        read(&self.message)
    }
}

/// F5: a number beside a futex. Whoever receives goes to sleep at once.
pub struct Futex;

/// One end of F5.
pub struct FutexEnd {
    words: Arc<Words>,
    seen: u32,
}

impl FutexEnd {
    fn new(words: &Arc<Words>) -> Result<FutexEnd> {
        Ok(FutexEnd { words: words.clone(), seen: 0 })
    }

    #[inline]
    fn message(&self) -> &AtomicU64 {
        &self.words[0]
    }

    #[inline]
    fn futex(&self) -> &AtomicU32 {
        // SAFETY: half of a word that is as aligned as this, as old, and used in no other way.
        unsafe { AtomicU32::from_ptr(self.words[PAIR].as_ptr().cast()) }
    }
}

impl Transport<1> for Futex {
    const SINGLE: Manner = Manner::Copied;

    type Link = Arc<Words>;
    type Sender = FutexEnd;
    type Receiver = FutexEnd;

    fn link(_: Spec) -> Result<Arc<Words>> {
        Ok(Arc::new(Words::new(PAIR + LINE)?))
    }

    fn sender(words: &Arc<Words>, _: Spec) -> Result<FutexEnd> {
        FutexEnd::new(words)
    }

    fn receiver(words: &Arc<Words>, _: Spec) -> Result<FutexEnd> {
        FutexEnd::new(words)
    }
}

impl Sender<1> for FutexEnd {
    #[inline]
    fn send(&mut self, write: impl FnOnce(&mut Message<1>)) {
        let mut message = [0];
        write(&mut message);
        self.message().store(message[0], Ordering::Relaxed);
        self.seen = self.seen.wrapping_add(1);
        self.futex().store(self.seen, Ordering::Release);
        futex::wake(self.futex(), futex::Flags::empty(), 1).expect("a mapped word");
    }
}

impl Receiver<1> for FutexEnd {
    #[inline]
    fn recv<R>(&mut self, read: impl FnOnce(&Message<1>) -> R) -> R {
        loop {
            let now = self.futex().load(Ordering::Acquire);
            if now != self.seen {
                self.seen = now;
                return read(&[self.message().load(Ordering::Relaxed)]);
            }
            // Woken, or changed before it slept, or disturbed: it looks again.
            let _ = futex::wait(self.futex(), futex::Flags::empty(), self.seen, None);
        }
    }
}
