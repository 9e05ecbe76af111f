//! Target: whatever is done to an honest region, in whatever order, and whichever parties go away
//! with what they have, it does what the models say. In memory that is forged between two calls, no
//! call crashes, panics, or waits for ever.

use arbitrary::{Arbitrary, Result, Unstructured};
use ringway_sync::{Interrupt, ObjectInfo, Plan, Region, SeatError};

use super::ground::Ground;
use super::objects::barrier::{self, Phases};
use super::objects::cell::Latest;
use super::objects::locks::Locks;
use super::objects::mutexes::Mutexes;
use super::objects::once::Made;
use super::objects::semaphore::Permits;
use super::objects::signal::Numbers;
use super::objects::table::Board;
use super::party::{Owner, Party, Turn};
use super::poke::{DIED, Map, Poke};
use super::value::{Large, Odd, Small, Value};

/// The most steps of one input.
const STEPS: usize = 200;
/// The most seats, permits, places and rows.
const MOST: u8 = 4;

pub fn run(input: &[u8]) {
    crate::decode(input, parse);
}

fn parse(input: &mut Unstructured<'_>) -> Result<()> {
    match input.int_in_range(0..=2u8)? {
        0 => with_values::<Small>(input),
        1 => with_values::<Large>(input),
        _ => with_values::<Odd>(input),
    }
}

/// What a region is declared to have.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Declared {
    seats: u8,
    permits: u8,
    parties: u8,
    rows: u8,
    leaves_out: bool,
    asymmetric: bool,
}

impl Declared {
    fn of(input: &mut Unstructured<'_>) -> Result<Declared> {
        let within = |n: u8| n % MOST + 1;
        let Declared { seats, permits, parties, rows, .. } = input.arbitrary()?;
        let (seats, permits) = (within(seats), within(permits));
        let (parties, rows) = (within(parties), within(rows));
        let leaves_out = input.arbitrary()?;
        // A kernel's barrier takes longer than everything else here.
        let asymmetric = input.ratio(1u8, 16u8)?;
        Ok(Declared { seats, permits, parties, rows, leaves_out, asymmetric })
    }

    fn plan<V: Value>(self) -> Plan {
        let plan = Plan::new().seats(self.seats.into()).asymmetric_fences(self.asymmetric);
        let plan = Numbers::plan(Permits::plan(plan, self.permits));
        let plan = Phases::plan(plan, self.parties, self.leaves_out);
        let plan = Made::<V>::plan(Locks::<V>::plan(Mutexes::<V>::plan(plan)));
        Board::<V>::plan(Latest::<V>::plan(plan), self.rows)
    }
}

/// The memory of a region that is not on the heap.
struct Raw {
    ground: Ground,
    map: Map,
}

/// A region, all that is made of it, and what it is by the models. Handles go before the memory.
struct World<V: Value> {
    mutexes: Mutexes<V>,
    locks: Locks<V>,
    permits: Permits,
    numbers: Numbers,
    phases: Phases,
    made: Made<V>,
    latest: Latest<V>,
    board: Board<V>,
    parties: Vec<Party>,
    /// How many parties there have been.
    joined: u32,
    seats: usize,
    interrupt: Interrupt,
    honest: bool,
    raw: Option<Raw>,
}

fn with_values<V: Value>(input: &mut Unstructured<'_>) -> Result<()> {
    let declared = Declared::of(input)?;
    let (raw, forges) = (input.arbitrary()?, input.arbitrary()?);
    let mut world = World::<V>::new(declared, raw);
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        world.step(forges, input)?;
        world.see();
    }
    world.all_go();
    Ok(())
}

impl<V: Value> World<V> {
    fn new(declared: Declared, raw: bool) -> World<V> {
        let plan = declared.plan::<V>();
        let (raw, region) = match raw {
            true => {
                let ground = Ground::zeroed(plan.bytes().expect("it can be made"));
                // SAFETY: so much is there until the world is dropped, and its handles before it.
                let region = unsafe { plan.create_raw(ground.start(), ground.len()) };
                let map = Map::of(&ground);
                (Some(Raw { ground, map }), region)
            }
            false => (None, plan.heap()),
        };
        let Declared { seats, permits, parties, rows, leaves_out, .. } = declared;
        let interrupt = Interrupt::new();
        interrupt.raise();
        World {
            mutexes: Mutexes::new(),
            locks: Locks::new(),
            permits: Permits::new(permits),
            numbers: Numbers::default(),
            phases: Phases::new(parties, leaves_out),
            made: Made::new(),
            latest: Latest::new(),
            board: Board::new(rows),
            parties: vec![Party { number: 0, region: region.expect("it can be made") }],
            joined: 1,
            seats: seats.into(),
            interrupt,
            honest: true,
            raw,
        }
    }

    fn step(&mut self, forges: bool, input: &mut Unstructured<'_>) -> Result<()> {
        let who = usize::from(input.arbitrary::<u8>()?) % self.parties.len();
        let what = input.int_in_range(0..=19u8)?;
        let party = &self.parties[who];
        let turn = Turn { party, interrupt: &self.interrupt, honest: self.honest };
        match what {
            0 => self.join(who, input.arbitrary()?),
            1 => self.go(who, input.arbitrary()?),
            2..=4 => self.mutexes.step(turn, input)?,
            5..=7 => self.locks.step(turn, input)?,
            8 | 9 => self.permits.step(turn, input)?,
            10 => self.numbers.step(turn, input)?,
            11 => self.made.step(turn, input)?,
            12 | 13 => self.phases.step(turn, input)?,
            14 | 15 => self.latest.step(turn, input)?,
            16 | 17 => self.board.step(turn, input)?,
            _ => self.forge(forges, input.arbitrary()?),
        }
        Ok(())
    }

    fn join(&mut self, who: usize, opens: bool) {
        let joined = match &self.raw {
            Some(Raw { ground, .. }) if opens => {
                // SAFETY: as where it was made; it was accessed by this crate and by atomics.
                match unsafe { Region::open_raw(ground.start(), ground.len()) } {
                    Ok(region) => Ok(region),
                    Err(ringway_sync::RawError::Seat(error)) => Err(error),
                    Err(error) => {
                        assert!(!self.honest, "{error}");
                        return;
                    }
                }
            }
            _ => self.parties[who].region.attach(),
        };
        let full = self.parties.len() == self.seats;
        match joined {
            Ok(region) => {
                assert!(!full || !self.honest, "more parties than seats");
                // A header that was forged may declare other objects: a step looks for its own.
                if opens && !self.honest {
                    return super::calls::all(&region, false, &mut |_| {});
                }
                self.parties.push(Party { number: self.joined, region });
                self.joined += 1;
            }
            Err(SeatError::Full { seats }) => {
                assert!(!self.honest || full && seats == self.seats, "no seat");
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// A party goes away, but for the last one: is killed, or gives back what it has.
    fn go(&mut self, who: usize, killed: bool) {
        if self.parties.len() > 1 {
            let party = self.parties.remove(who);
            self.goes(party, killed);
        }
    }

    fn goes(&mut self, party: Party, killed: bool) {
        let number = party.number;
        self.mutexes.goes(number, killed);
        self.locks.goes(number, killed);
        self.permits.goes(number, killed);
        self.latest.goes(number, killed);
        self.board.goes(number, killed);
        let words = self.phases.goes(number);
        drop(party);
        let Some(Raw { ground, map }) = &self.raw else { return };
        // One that is killed does not say so in its places.
        let place = map.place(barrier::NAME).filter(|_| killed && self.honest);
        for word in place.into_iter().flat_map(|at| words.iter().map(move |word| at + word)) {
            ground.change(word, |owner| owner & !DIED);
        }
    }

    fn forge(&mut self, forges: bool, poke: Poke) {
        if let Some(Raw { ground, map }) = self.raw.as_ref().filter(|_| forges) {
            poke.apply(ground, map);
            self.honest = false;
        }
    }

    /// What there is to see after each step.
    fn see(&self) {
        let party = &self.parties[0];
        let turn = Turn { party, interrupt: &self.interrupt, honest: self.honest };
        self.mutexes.see(turn);
        self.permits.see(turn);
        let objects = party.region.objects();
        assert_eq!(party.region.seats(), self.seats);
        let owners = self.mutexes.owners().chain(self.locks.owners());
        for (name, owner) in owners.chain([self.latest.owner()]) {
            let object = objects.iter().find(|object| object.name == name);
            self.holder(object.expect("it was declared"), owner);
        }
        if let Some(Raw { ground, .. }) = &self.raw {
            ground.check();
        }
    }

    /// Who is said to hold an object.
    fn holder(&self, object: &ObjectInfo, owner: Owner) {
        if !self.honest {
            return;
        }
        let found = object.holder.map(|holder| (holder.gone, holder.seat));
        let seat = |number| {
            let party = self.parties.iter().find(|party| party.number == number);
            party.expect("it is there").region.seat()
        };
        match owner {
            Owner::None => assert_eq!(found, None, "{}", object.name),
            Owner::Alive(party) => {
                assert_eq!(found, Some((Some(false), seat(party))), "{}", object.name);
            }
            Owner::Gone => {
                assert_eq!(found.map(|(gone, _)| gone), Some(Some(true)), "{}", object.name);
            }
        }
    }

    fn all_go(&mut self) {
        while let Some(party) = self.parties.pop() {
            self.goes(party, false);
        }
        if let Some(Raw { ground, .. }) = &self.raw {
            ground.check();
        }
    }
}
