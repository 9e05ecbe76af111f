//! Two rings at once: question and answer between two processes.

use ringway::error::RecvError;
use ringway::{Options, Ring, Start};

use crate::LONG;
use crate::child::{Child, Task};
use crate::place::Place;

const ROUNDS: u64 = 2000;
/// Questions that may be on their way at the same time.
const AHEAD: u64 = 5;

fn answer(question: u64) -> [u64; 2] {
    [question, question.wrapping_mul(question)]
}

#[test]
fn two_processes_talk_over_two_rings() {
    let place = Place::new("two");
    let children = ["two::first", "two::second"].map(|role| Child::start(&place, role, ""));
    for child in &children {
        child.hears("done");
    }
    children.into_iter().for_each(Child::ends);
    place.is_empty();
}

pub(crate) fn first(task: &Task) {
    let mut questions = Options::<u64>::new(8).create(task.segment("questions")).unwrap();
    let ring = Ring::<[u64; 2]>::open_wait(task.segment("answers"), LONG).unwrap();
    let mut answers = ring.subscribe(Start::Next).unwrap();
    questions.wait_for_consumers(1, LONG).unwrap();
    for n in 0..ROUNDS + AHEAD {
        if n < ROUNDS {
            questions.send(&n).unwrap();
        }
        if n >= AHEAD {
            assert_eq!(answers.recv(), Ok(answer(n - AHEAD)));
        }
    }
    drop(questions);
    assert_eq!(answers.recv(), Err(RecvError::Closed));
    task.say("done");
}

/// Answers as long as it is asked.
pub(crate) fn second(task: &Task) {
    let mut answers = Options::<[u64; 2]>::new(8).create(task.segment("answers")).unwrap();
    let ring = Ring::<u64>::open_wait(task.segment("questions"), LONG).unwrap();
    let mut questions = ring.subscribe(Start::Next).unwrap();
    answers.wait_for_consumers(1, LONG).unwrap();
    let mut asked = 0;
    for question in questions.iter() {
        assert_eq!(question, Ok(asked));
        answers.send(&answer(asked)).unwrap();
        asked += 1;
    }
    assert_eq!(asked, ROUNDS);
    task.say("done");
}
