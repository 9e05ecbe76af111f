//! A cell in a `static`, by loads and stores alone: one side is an interrupt, which comes at any point of the other.

use firmware::board::{again_in, start, stop};
use firmware::message::Sample;
use firmware::statics::Cell;
use firmware::{Given, Random, println};
use ringway_sync::{StaticReader, StaticWriter, cell_words};

const WORDS: usize = cell_words::<Sample>();
/// The value that is set last.
const END: u32 = 20_000;

struct Source {
    writer: StaticWriter<'static, Sample, WORDS>,
    random: Random,
}

static SOURCE: Given<Source> = Given::nothing();

fn set_some() {
    // SAFETY: this is the handler.
    let Some(source) = (unsafe { SOURCE.get() }) else { return };
    for _ in 0..=source.random.below(3) {
        let number = source.writer.get().number;
        if number < END {
            source.writer.set(&Sample::new(number + 1));
        }
    }
    again_in(1 + source.random.below(24));
    // Moves the next interrupt by less than a tick.
    for _ in 0..source.random.below(32) {
        core::hint::spin_loop();
    }
}

/// Each value that the main loop reads is whole, and none is older than the one before.
pub fn an_interrupt_sets() {
    static CELL: Cell = Cell::new(Sample::FIRST);
    // SAFETY: the only writer of the cell.
    let writer = unsafe { CELL.assume_writer() };
    // SAFETY: the timer stands still.
    *unsafe { SOURCE.get() } = Some(Source { writer, random: Random::new(17) });
    let (reader, mut news) = (CELL.reader(), CELL.reader());
    let (mut reads, mut changes, mut last) = (0u32, 0u32, 0);
    start(set_some);
    while last < END {
        let value = reader.read().unwrap();
        assert!(value.is_whole(), "torn: {value:?}");
        assert!(value.number >= last, "gone back");
        reads += 1;
        if let Some(new) = news.try_next().unwrap() {
            assert!(new.is_whole() && new.number >= value.number, "torn, or gone back: {new:?}");
            (last, changes) = (new.number, changes + 1);
        }
    }
    println!("    {END} set, {reads} read, {changes} of them new");
}

struct Sink {
    reader: StaticReader<'static, Sample, WORDS>,
    last: u32,
    reads: u32,
    random: Random,
}

static SINK: Given<Sink> = Given::nothing();

fn read_one() {
    // SAFETY: this is the handler.
    let Some(sink) = (unsafe { SINK.get() }) else { return };
    // The writer stands still meanwhile: so the first try succeeds.
    let value = sink.reader.read().unwrap();
    assert!(value.is_whole(), "torn: {value:?}");
    assert!(value.number >= sink.last, "gone back");
    (sink.last, sink.reads) = (value.number, sink.reads + 1);
    again_in(1 + sink.random.below(24));
}

/// A handler that interrupts the writer reads the value of before or the new one, whole.
pub fn an_interrupt_reads() {
    static CELL: Cell = Cell::new(Sample::FIRST);
    // SAFETY: the timer stands still.
    *unsafe { SINK.get() } =
        Some(Sink { reader: CELL.reader(), last: 0, reads: 0, random: Random::new(19) });
    // SAFETY: the only writer of the cell.
    let mut writer = unsafe { CELL.assume_writer() };
    start(read_one);
    for number in 1..=END {
        writer.set(&Sample::new(number));
    }
    stop();
    // SAFETY: the timer stands still.
    let reads = unsafe { SINK.get() }.as_ref().map_or(0, |sink| sink.reads);
    assert!(reads > 0, "nothing was tried");
    println!("    {END} set, {reads} read meanwhile");
}
