//! Clients and servers of a service are killed.
//!
//! Each request has its number among its client's, and whether it may be run again: those with even
//! numbers may. A server notes each run in the page before it replies, unmarked or marked; a client
//! notes what came of the call, and how long it took. A client that takes the place of one that was
//! killed goes on with the next number. There are always servers that live.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use ringway::SpinThenSleep;
use ringway::error::mailbox::{ReceiverError, SenderError};
use ringway::error::request::{CallError, ClientError, ReplyError, ServeTimeoutError};
use ringway::request::{self, Call, Client, Options, Server, Service, Ticket};

use crate::Trial;
use crate::child::{Child, LONG, Task, Word, wait_until};
use crate::clock::{self, Metronome};
use crate::figures::Figure;
use crate::place::{RING, Room};

const KILLS: u64 = 10_000;
const CLIENTS: usize = 3;
const SERVERS: usize = 3;
/// Calls that each client may make for each kill.
const CALLS: u64 = 40;
/// Calls that a client has outstanding.
const AT_A_TIME: usize = 3;

// The page.
/// Calls that each client may have made by now.
const QUOTA: usize = 0;
const STOP: usize = 1;
/// The longest time that a call took.
const LONGEST: usize = 2;
const ERRORS: usize = 3;
/// Calls that were told of a server's death.
const DIED: usize = 4;
/// How many servers have come.
const JOINED: usize = 5;
/// Replies that were not those of their calls.
const WRONG: usize = 6;
/// Each client's next number.
const NEXT: usize = 8;
/// For each request how often it was run unmarked, from bit 16 on how often marked, and from bit 32
/// on what came of it.
const COUNTS: usize = 16;
const MARKED: u64 = 1 << 16;
const ANSWERED: u64 = 1 << 32;
const FAILED: u64 = 2 << 32;

type Asks = Client<[u64; 2], u64, SpinThenSleep>;
type Answers = Server<[u64; 2], u64, SpinThenSleep>;

/// Sleeps soon, so that there are sleepers among those who are killed.
const SLEEPY: SpinThenSleep = SpinThenSleep { spins: 200 };

fn reply_to(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

pub fn run(trial: &Trial) -> Result<Vec<Figure>> {
    let kills = trial.count(KILLS);
    let most = (kills + 1) * CALLS;
    let room = trial.room("", COUNTS + CLIENTS * usize::try_from(most)?)?;
    let page = room.page();
    let mut random = trial.random();
    let segment = room.segment();
    let options = Options::<[u64; 2], u64>::new(4).servers(SERVERS + 1).clients(64);
    let service = options.create(&segment)?;
    page[QUOTA].set(CALLS);
    let metronome = Metronome::start();
    let client =
        |room: &Room, own: usize| Child::start(room, "request_kills::client", &[&own, &most]);
    let server = |room: &Room| Child::start(room, "request_kills::server", &[]);
    let mut servers = (0..SERVERS).map(|_| server(&room)).collect::<Result<Vec<_>>>()?;
    let mut joined = SERVERS as u64;
    wait_until("servers", servers.iter_mut(), || page[JOINED].get() >= joined)?;
    let mut clients = (0..CLIENTS).map(|own| client(&room, own)).collect::<Result<Vec<_>>>()?;
    let mut clients_killed = 0;
    for killed in 1..=kills {
        clock::pause(&mut random, Duration::from_micros(1500));
        page[QUOTA].set((killed + 1) * CALLS);
        if random.bool() {
            let own = random.usize(0..CLIENTS);
            // First the old one: the next goes on with its numbers.
            clients.remove(own).kill()?;
            clients.insert(own, client(&room, own)?);
            clients_killed += 1;
        } else {
            servers.swap_remove(random.usize(0..SERVERS)).kill()?;
            servers.push(server(&room)?);
            joined += 1;
            wait_until("a server", servers.iter_mut(), || page[JOINED].get() >= joined)?;
        }
    }
    for child in clients {
        child.ends(LONG * 4)?;
    }
    page[STOP].set(1);
    for child in servers {
        child.ends(LONG)?;
    }
    let leaked = leaked(&service, &room)?;
    drop(service);
    ensure!(request::unlink(&segment)?, "the service was not there any more");

    let (mut unknown, mut unmarked, mut again, mut not_run) = (0, 0, 0, 0);
    let counts = page[COUNTS..].iter().take(CLIENTS * usize::try_from(most)?).map(Word::get);
    for (number, count) in counts.enumerate() {
        let (plain, marked, outcome) = (count & 0xffff, count >> 16 & 0xffff, count >> 32 << 32);
        unmarked += plain.saturating_sub(1);
        again += if number % 2 == 1 { marked } else { 0 };
        unknown += u64::from(outcome == 0);
        not_run += u64::from(outcome == ANSWERED && plain + marked == 0);
    }
    let longest = page[LONGEST].get() as f64 / 1e6;
    // What a client that was killed had asked has no outcome.
    let lost = unknown.saturating_sub(clients_killed * AT_A_TIME as u64);
    trial.note(format_args!(
        "{kills} kills, {} calls, {} told of a death, {unknown} of killed clients; a millisecond of \
         the machine took up to {:.0} ms",
        CLIENTS as u64 * most,
        page[DIED].get(),
        metronome.stop(),
    ));
    Ok(vec![
        Figure::none("request_kills_lost", lost, "calls"),
        Figure::none("request_kills_wrong_replies", page[WRONG].get() + not_run, "calls"),
        Figure::none("request_kills_run_twice_unmarked", unmarked, "requests"),
        Figure::none("request_kills_run_again_unasked", again, "requests"),
        Figure::none("request_kills_leaked", leaked, "files"),
        Figure::none("request_kills_errors", page[ERRORS].get(), "errors"),
        Figure::time("request_kills_called_within", longest, "ms", 150.0),
    ])
}

/// Files that are there beside the door when servers have swept.
fn leaked(service: &Service<[u64; 2], u64>, room: &Room) -> Result<u64> {
    let mut server = service.server()?;
    let deadline = Instant::now() + LONG;
    loop {
        // What killed clients have left is answered.
        if let Ok(request) = server.recv_timeout(Duration::from_millis(100)) {
            let _ = request.decline();
        }
        let files = fs::read_dir(room.path().join(RING))?.count() as u64;
        if files == 1 || Instant::now() >= deadline {
            return Ok(files - 1);
        }
    }
}

/// Arguments: which client, and how many calls each one makes.
pub fn client(task: &Task) -> Result<()> {
    let (own, most) = (task.argument::<usize>(0)?, task.argument::<u64>(1)?);
    let service = Service::<[u64; 2], u64>::open(task.segment())?;
    let mut client = loop {
        match service.client() {
            Ok(client) => break client.with_wait(SLEEPY),
            // One before was killed while it made its lane.
            Err(ClientError::Lane(SenderError::Busy | SenderError::Full { .. })) => {}
            Err(error) => {
                task.word(ERRORS).add(1);
                return Err(error.into());
            }
        }
    };
    let mut asked: Vec<(Ticket, u64, u64)> = Vec::new();
    let next = task.word(NEXT + own);
    while next.get() < most || !asked.is_empty() {
        let number = next.get();
        if asked.len() < AT_A_TIME && number < most.min(task.word(QUOTA).get()) {
            // Before it is sent: the one that takes this one's place goes on behind it.
            next.set(number + 1);
            let number = own as u64 * most + number;
            let call = Call::new().retry(number.is_multiple_of(2));
            loop {
                match client.send_with(&[number, 0], call) {
                    Ok(ticket) => break asked.push((ticket, number, clock::now())),
                    // The oldest was sent a whole lane ago: its server has died, and others have
                    // answered what came behind it.
                    Err(CallError::Full { .. }) => receive(task, &mut client, &mut asked)?,
                    Err(error) => {
                        task.word(ERRORS).add(1);
                        bail!("told {error}");
                    }
                }
            }
        } else if asked.is_empty() {
            std::thread::sleep(Duration::from_micros(20));
        } else {
            receive(task, &mut client, &mut asked)?;
        }
    }
    Ok(())
}

/// The outcome of a call.
fn receive(task: &Task, client: &mut Asks, asked: &mut Vec<(Ticket, u64, u64)>) -> Result<()> {
    let (position, reply) = match client.recv() {
        Ok((ticket, reply)) => (ticket.position(), Some(reply)),
        Err(CallError::ServerDied { position }) => (position, None),
        Err(error) => {
            task.word(ERRORS).add(1);
            bail!("told {error}");
        }
    };
    let Some(at) = asked.iter().position(|(ticket, ..)| ticket.position() == position) else {
        task.word(WRONG).add(1);
        return Ok(());
    };
    let (_, number, begun) = asked.swap_remove(at);
    task.word(LONGEST).raise(clock::now().saturating_sub(begun));
    let failed_unasked = reply.is_none() && number % 2 == 0;
    let is_wrong = reply.is_some_and(|reply| reply != reply_to(number));
    task.word(WRONG).add(u64::from(failed_unasked || is_wrong));
    task.word(DIED).add(u64::from(reply.is_none()));
    let outcome = if reply.is_some() { ANSWERED } else { FAILED };
    task.word(COUNTS + number as usize).add(outcome);
    Ok(())
}

pub fn server(task: &Task) -> Result<()> {
    let service = Service::<[u64; 2], u64>::open(task.segment())?;
    let mut server: Answers = loop {
        match service.server() {
            Ok(server) => break server.with_wait(SLEEPY),
            Err(ReceiverError::Full { .. }) => {}
            Err(error) => {
                task.word(ERRORS).add(1);
                return Err(error.into());
            }
        }
    };
    task.word(JOINED).add(1);
    loop {
        match server.recv_timeout(Duration::from_millis(100)) {
            Ok(request) => {
                let [number, _] = *request;
                let run = if request.redelivered() { MARKED } else { 1 };
                task.word(COUNTS + number as usize).add(run);
                clock::spin(Duration::from_micros(number % 32));
                match request.reply(&reply_to(number)) {
                    // It was killed.
                    Ok(()) | Err(ReplyError::Gone) => {}
                    Err(error) => {
                        task.word(ERRORS).add(1);
                        bail!("told {error}");
                    }
                }
            }
            Err(ServeTimeoutError::Timeout) if task.word(STOP).get() == 0 => {}
            Err(ServeTimeoutError::Timeout) => return Ok(()),
            Err(error) => {
                task.word(ERRORS).add(1);
                bail!("told {error}");
            }
        }
    }
}
