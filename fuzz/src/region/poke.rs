//! Changes of single words, as a process makes them that can write a region and follows no
//! protocol: atomically, and as wide as `docs/sync.md` says.

use arbitrary::Arbitrary;

use super::ground::Ground;

/// Where the words of a header lie that say how much there is, in bytes.
const SEATS: usize = 68;
const OBJECTS: usize = 72;
const DIRECTORY_AT: usize = 80;
/// The seats, and what one takes.
const SEATS_AT: usize = 192;
const SEAT: usize = 16;
/// What an entry of the directory takes, and where in it the object's place and length and its name
/// are told.
const ENTRY: usize = 128;
const NAME_LEN: usize = 4;
const PLACE: usize = 8;
const LEN: usize = 16;
const NAME: usize = 64;
/// The bit of an owner's word that says that one died, and where its generation begins.
pub(super) const DIED: u32 = 1 << 30;
const GENERATION: u32 = 12;
/// The words of an object that mean something to its kind come first.
const HEAD_WORDS: usize = 16;

/// Where things lie in a region, as its creator has laid it out.
pub(super) struct Map {
    seats: usize,
    directory_at: usize,
    objects: Vec<Site>,
}

/// An object: its name, its place and its length.
struct Site {
    name: String,
    at: usize,
    len: usize,
}

impl Map {
    /// That of a region that was just made.
    pub(super) fn of(ground: &Ground) -> Map {
        let number = |at: usize| ground.half(at).expect("it was just made") as usize;
        let directory_at = number(DIRECTORY_AT);
        let site = |index: usize| {
            let entry = directory_at + index * ENTRY;
            let name = (0..number(entry + NAME_LEN)).map(|at| {
                let word = number(entry + NAME + at / 4 * 4) as u32;
                char::from(word.to_ne_bytes()[at % 4])
            });
            Site { name: name.collect(), at: number(entry + PLACE), len: number(entry + LEN) }
        };
        Map {
            seats: number(SEATS),
            directory_at,
            objects: (0..number(OBJECTS)).map(site).collect(),
        }
    }

    /// Where an object lies.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.objects.iter().find(|site| site.name == name).map(|site| site.at)
    }
}

/// One change.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub(super) struct Poke {
    place: Place,
    change: Change,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Place {
    Header(u8),
    Seat(u8, u8),
    Directory(u8, u8),
    /// A word of a kind's own.
    Head(u8, u8),
    Object(u8, u16),
    Any(u16),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Change {
    To(u32),
    By(i8),
    Flip(u8),
    Zero,
    One,
    Ones,
    Died,
    /// Names an owner, as a lock's word does.
    Owner {
        seat: u8,
        generation: u8,
        died: bool,
    },
}

impl Place {
    fn offset(self, ground: &Ground, map: &Map) -> usize {
        let word = |n: usize, words: usize| n % words.max(1) * 4;
        let object = |n: u8| &map.objects[usize::from(n) % map.objects.len()];
        match self {
            Place::Seat(seat, at) => {
                SEATS_AT + usize::from(seat) % map.seats * SEAT + word(at.into(), SEAT / 4)
            }
            Place::Directory(entry, at) if !map.objects.is_empty() => {
                let entry = usize::from(entry) % map.objects.len() * ENTRY;
                map.directory_at + entry + word(at.into(), ENTRY / 4)
            }
            Place::Head(number, at) if !map.objects.is_empty() => {
                object(number).at + word(at.into(), HEAD_WORDS)
            }
            Place::Object(number, at) if !map.objects.is_empty() => {
                let site = object(number);
                site.at + word(at.into(), site.len / 4)
            }
            Place::Any(at) => word(at.into(), ground.len() / 4),
            Place::Header(at) | Place::Directory(_, at) | Place::Head(_, at) => {
                word(at.into(), SEATS_AT / 4)
            }
            Place::Object(_, at) => word(at.into(), SEATS_AT / 4),
        }
    }
}

impl Change {
    fn of(self, old: u32) -> u32 {
        match self {
            Change::To(value) => value,
            Change::By(n) => old.wrapping_add_signed(n.into()),
            Change::Flip(bit) => old ^ 1 << (bit % 32),
            Change::Zero => 0,
            Change::One => 1,
            Change::Ones => u32::MAX,
            Change::Died => old | DIED,
            Change::Owner { seat, generation, died } => {
                let died = if died { DIED } else { 0 };
                (u32::from(seat) % 8) | (u32::from(generation) << GENERATION) | died
            }
        }
    }
}

impl Poke {
    pub(super) fn apply(self, ground: &Ground, map: &Map) {
        ground.change(self.place.offset(ground, map), |old| self.change.of(old));
    }
}
