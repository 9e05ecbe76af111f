//! Market data on tokio: a source on a socket, a recorder that loses nothing, a display.
//!
//! ```text
//! ringway-service feed ADDRESS            serves numbered ticks on TCP
//! ringway-service ingest RING ADDRESS     sends what it reads there to a ring
//! ringway-service record RING FILE        writes all of it to a file
//! ringway-service show RING               prints the newest tick, and who lags
//! ```
//!
//! A tick's number is its position in the ring. So the ring itself says where to go on: the source
//! is asked for the ticks from the ring's head on, and the file ends where the recorder was.

use std::cmp::Ordering;
use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use ringway::error::{OpenError, TryRecvError};
use ringway::future::Async;
use ringway::{Options, Position, Producer, Ring, Start, message};
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

type Outcome<R = ()> = Result<R, Box<dyn Error>>;

/// Ticks that the ring holds: what the source may be ahead of the recorder.
const CAPACITY: usize = 4096;
/// Ticks that are written and synchronised to the disk at a time, at most.
const BATCH: usize = 512;
/// Ticks that the source sends each millisecond.
const RATE: u64 = 10;
/// How long a role waits until it tries again what another role has to do first.
const RETRY: Duration = Duration::from_millis(20);
/// How long an ingester that ends waits for the recorder. What is left stays in the ring.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often the display is painted.
const PICTURE: Duration = Duration::from_millis(100);
/// The name of the recorder, which keeps its place in the ring while it is away.
const RECORDER: &str = "recorder";

/// One price. In the file and on the socket: both numbers, little-endian.
#[message]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tick {
    number: u64,
    price: u64,
}

impl Tick {
    const LEN: usize = size_of::<Tick>();

    /// The source has every tick that there ever was.
    fn of(number: u64) -> Tick {
        Tick { number, price: 1000 + number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 50 }
    }

    async fn read(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Tick> {
        Ok(Tick { number: from.read_u64_le().await?, price: from.read_u64_le().await? })
    }

    fn write(self, to: &mut Vec<u8>) {
        to.extend(self.number.to_le_bytes());
        to.extend(self.price.to_le_bytes());
    }
}

/// The number of the tick at that position.
#[allow(clippy::useless_conversion, reason = "on 32-bit targets a position is a u32")]
fn number_at(position: Position) -> u64 {
    u64::from(position)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match (arguments[..].as_ref(), signal(SignalKind::terminate())) {
        (_, Err(error)) => Err(error.into()),
        (["feed", address], Ok(term)) => feed(address, term).await,
        (["ingest", ring, address], Ok(term)) => ingest(ring, address, term).await,
        (["record", ring, file], Ok(term)) => record(ring, file, term).await,
        (["show", ring], Ok(term)) => show(ring, term).await,
        _ => Err("usage: feed ADDRESS | ingest RING ADDRESS | record RING FILE | show RING".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", arguments.first().unwrap_or(&"ringway-service"));
            ExitCode::FAILURE
        }
    }
}

/// The source, only for this demonstration.
async fn feed(address: &str, mut term: Signal) -> Outcome {
    let listener = TcpListener::bind(address).await?;
    loop {
        tokio::select! {
            stream = listener.accept() => drop(tokio::spawn(serve(stream?.0))),
            _ = term.recv() => return Ok(()),
        }
    }
}

/// Sends ticks from the number that the other side asks for, until it goes.
async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut next = stream.read_u64_le().await?;
    let mut clock = interval(Duration::from_millis(1));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut bytes = Vec::new();
    loop {
        clock.tick().await;
        bytes.clear();
        (next..next + RATE).for_each(|number| Tick::of(number).write(&mut bytes));
        next += RATE;
        stream.write_all(&bytes).await?;
    }
}

/// Makes the ring, or goes on where the ingester before stopped, however that ended.
async fn ingest(ring: &str, address: &str, mut term: Signal) -> Outcome {
    let options = Options::<Tick>::new(CAPACITY).subscribers(4);
    let mut producer = options.create_or_resume(ring)?.into_async();
    tokio::select! {
        outcome = relay(&mut producer, address) => outcome?,
        // A tick that was read and not sent is the source's to send again.
        _ = term.recv() => {}
    }
    match timeout(PATIENCE, producer.flush()).await {
        Ok(flushed) => flushed?,
        Err(_) => eprintln!("ingest: the recorder is behind, and will find the rest in the ring"),
    }
    producer.into_inner().detach();
    Ok(())
}

/// Passes ticks on for as long as the ring takes them, and connects again when the source is gone.
/// Can be dropped at any time.
async fn relay(producer: &mut Async<Producer<Tick>>, address: &str) -> Outcome {
    // What is sent before the recorder has joined for the first time, it would not get. Later its
    // name stays in the ring, whether it is there or not.
    while !has_recorder(producer.get_ref()) {
        sleep(RETRY).await;
    }
    loop {
        if let Ok(mut stream) = connect(address, number_at(producer.get_ref().head())).await {
            while let Ok(tick) = Tick::read(&mut stream).await {
                let next = number_at(producer.get_ref().head());
                if tick.number != next {
                    return Err(format!("tick {} came, not {next}", tick.number).into());
                }
                producer.send(&tick).await?;
            }
        }
        sleep(RETRY).await;
    }
}

async fn connect(address: &str, from: u64) -> io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_u64_le(from).await?;
    Ok(BufReader::new(stream))
}

fn has_recorder(producer: &Producer<Tick>) -> bool {
    let consumers = producer.consumer_stats().into_iter().flatten();
    consumers.filter_map(|consumer| consumer.name).any(|name| name.as_str() == RECORDER)
}

/// The ring, once there is one. `None`: this was asked to end.
async fn opened(ring: &str, term: &mut Signal) -> Outcome<Option<Ring<Tick>>> {
    loop {
        match Ring::open(ring) {
            Ok(ring) => return Ok(Some(ring)),
            Err(OpenError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = sleep(RETRY) => {}
            _ = term.recv() => return Ok(None),
        }
    }
}

/// Writes every tick. What is in the file and was not released comes again, and is left out: the
/// file has each tick once.
async fn record(ring: &str, path: &str, mut term: Signal) -> Outcome {
    let Some(ring) = opened(ring, &mut term).await? else { return Ok(()) };
    let subscriber = ring.subscribe_durable(RECORDER, Start::Oldest)?.wait_for_successor(true);
    // Only now, as there is one recorder at a time.
    let first = number_at(subscriber.position());
    let (mut file, mut written) = continued(path, first).await?;
    println!("record: goes on at tick {first}; {} come again", written - first);
    let mut subscriber = subscriber.into_async();
    let (mut ticks, mut bytes) = ([Tick::of(0); BATCH], Vec::new());
    loop {
        let batch = tokio::select! {
            batch = subscriber.recv_held_batch(&mut ticks) => batch?,
            _ = term.recv() => break,
        };
        bytes.clear();
        for tick in &ticks[..batch.len()] {
            match tick.number.cmp(&written) {
                Ordering::Less => {}
                Ordering::Equal => {
                    tick.write(&mut bytes);
                    written += 1;
                }
                Ordering::Greater => {
                    return Err(format!("tick {} came, not {written}", tick.number).into());
                }
            }
        }
        file.write_all(&bytes).await?;
        // `sync_data` alone would say nothing of a write that failed.
        file.flush().await?;
        file.sync_data().await?;
        batch.release();
    }
    println!("record: ends before tick {written}");
    Ok(())
}

/// The file, and the number of the tick that follows those in it. Half a tick at its end is what a
/// recorder was writing when it was killed.
async fn continued(path: &str, first: u64) -> Outcome<(File, u64)> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).append(true).create(true).open(path).await?;
    let len = file.metadata().await?.len();
    let whole = len - len % Tick::LEN as u64;
    file.set_len(whole).await?;
    // What the one before had written, it need not have synchronised.
    file.sync_all().await?;
    let Some(last) = whole.checked_sub(Tick::LEN as u64) else { return Ok((file, first)) };
    tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::Start(last)).await?;
    let written = Tick::read(&mut file).await?.number + 1;
    if written < first {
        return Err(format!("{path} ends before tick {first}, with which the ring goes on").into());
    }
    Ok((file, written))
}

/// Looks at the newest tick ten times a second. Holds no other role up, and counts what it missed.
async fn show(ring: &str, mut term: Signal) -> Outcome {
    let Some(ring) = opened(ring, &mut term).await? else { return Ok(()) };
    let mut observer = ring.observe(Start::Next)?.wait_for_successor(true);
    let mut clock = interval(PICTURE);
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            _ = term.recv() => return Ok(()),
        }
        observer.keep_newest(1);
        match observer.try_recv() {
            Ok(Tick { number, price }) => {
                let skipped = observer.stats().lagged;
                print!("tick {number}: {price}; {skipped} not shown");
            }
            // Overtaken in between, or nothing new.
            Err(TryRecvError::Lagged(_) | TryRecvError::Empty) => continue,
            Err(error) => return Err(error.into()),
        }
        for consumer in ring.consumer_stats().into_iter().flatten() {
            if let Some(name) = consumer.name {
                let away = if consumer.present { "" } else { ", away" };
                print!("; {name} lags {}{away}", consumer.lag);
            }
        }
        println!();
    }
}
