//! What a consumer has to say of the messages that it got, kept in words of a page.

use std::sync::atomic::AtomicU64;

use ringway::error::RecvTimeoutError;

use crate::child::Word;
use crate::payload::Received;

/// Words that an account takes.
pub const WORDS: usize = 8;

/// Counts of one consumer, or of several that follow one another. They outlive it.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    pub received: &'a AtomicU64,
    pub lagged: &'a AtomicU64,
    /// Messages that were skipped without a word.
    pub lost: &'a AtomicU64,
    /// Messages that came again, or before their time.
    pub repeated: &'a AtomicU64,
    pub torn: &'a AtomicU64,
    /// Errors that should not be.
    pub errors: &'a AtomicU64,
}

impl<'a> Account<'a> {
    /// The account that begins with that word of a page.
    pub fn at(page: &'a [AtomicU64], first: usize) -> Account<'a> {
        let word = |index| &page[first + index];
        Account {
            received: word(0),
            lagged: word(1),
            lost: word(2),
            repeated: word(3),
            torn: word(4),
            errors: word(5),
        }
    }
}

/// Follows one consumer.
#[derive(Debug)]
pub struct Follow<'a> {
    account: Account<'a>,
    /// The number of the next message; unknown before the first.
    next: Option<u64>,
}

impl<'a> Follow<'a> {
    pub fn new(account: Account<'a>, next: Option<u64>) -> Follow<'a> {
        Follow { account, next }
    }

    /// Takes note of a message.
    pub fn message(&mut self, message: Received) {
        let account = self.account;
        account.received.add(1);
        if !message.whole {
            account.torn.add(1);
            // Its number says nothing.
            self.next = self.next.map(|next| next + 1);
            return;
        }
        let number = message.stamp.number();
        let next = self.next.unwrap_or(number);
        account.lost.add(number.saturating_sub(next));
        account.repeated.add(u64::from(number < next));
        self.next = Some(number + 1);
    }

    /// Takes note of a lag.
    pub fn lag(&mut self, messages: u64) {
        self.account.lagged.add(messages);
        self.next = self.next.map(|next| next + messages);
    }

    /// Takes note of an error that a consumer must not be told here.
    pub fn error(&mut self, error: RecvTimeoutError) {
        self.account.errors.add(1);
        eprintln!("a consumer at {:?} was told: {error}", self.next);
    }
}
