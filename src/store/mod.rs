//! The store of measured cells: what intervals are made of, each piece under an address of all that it depends on.
//!
//! No record depends on it: a store that is missing, damaged or of another version is replaced, and every number is what a
//! measurement would give. Shards of a run are files of the same form.

pub(crate) mod piece;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::hash::sha256_hex;
use crate::output::write_whole;
pub use piece::{Keeps, Piece, code_of_relation, numbers_of_bound};

/// The hash of the source that measures, and of the machine it was built for: pieces of other code are not taken over. What only
/// shows records does not count.
pub const CODE: &str = env!("LEMMASCOPE_CODE");

/// The first word of a file.
const MAGIC: &str = "lemmascope-cells-1";

/// Pieces that a run does not use stay up to so many bytes together, those that were used last before the others.
const MOST_UNUSED: usize = 64 << 20;

/// Saving takes at most this part of a run's time.
const SAVING: u32 = 20;

/// The store's file within a folder of results.
pub fn path(out: &Path) -> PathBuf {
    out.join(".cells")
}

/// Where a piece lies: a SHA-256.
pub type Address = [u8; 32];

/// Pieces by address, in memory and in a file.
pub struct Store {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    /// A line of text in front of the pieces.
    label: String,
    entries: HashMap<Address, Entry>,
    changed: bool,
    saved: Instant,
    /// How long the last saving took.
    saving: Duration,
}

struct Entry {
    piece: Piece,
    /// How many pieces were used after it, when its file was read; 0 for one that this run uses, [`PASSING`] for one that is not
    /// saved.
    age: usize,
}

/// The age of pieces that are not saved unless they are used.
const PASSING: usize = usize::MAX;

/// Why a store's file is not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// No file is there.
    Missing,
    /// It cannot be read, is cut short or damaged.
    Damaged,
    /// Other code measured what it holds.
    OtherCode,
}

impl Refused {
    /// What is said of the file; nothing of one that is missing.
    pub fn text(&self, path: &Path) -> Option<String> {
        let why = match self {
            Refused::Missing => return None,
            Refused::Damaged => "is cut short or damaged",
            Refused::OtherCode => "is of another version of the program",
        };
        Some(format!("{} {why}: what it held is measured again", path.display()))
    }
}

impl Store {
    /// An empty store that is saved to a file, with a line of text in front.
    pub fn new(path: impl Into<PathBuf>, label: impl Into<String>) -> Self {
        Self::with(path.into(), label.into(), HashMap::new())
    }

    fn with(path: PathBuf, label: String, entries: HashMap<Address, Entry>) -> Self {
        let state = State { label, entries, changed: false, saved: Instant::now(), saving: Duration::ZERO };
        Store { path, state: Mutex::new(state) }
    }

    /// Reads a store from its file.
    ///
    /// # Errors
    /// Why it is not taken over.
    pub fn read(path: &Path) -> std::result::Result<Self, Refused> {
        if !path.exists() {
            return Err(Refused::Missing);
        }
        let bytes = std::fs::read(path).map_err(|_| Refused::Damaged)?;
        let (label, entries) = decode(&bytes)?;
        Ok(Self::with(path.to_path_buf(), label, entries))
    }

    /// The line of text in front of the pieces.
    pub fn label(&self) -> String {
        self.state().label.clone()
    }

    /// Puts another line of text in front of the pieces.
    pub fn relabel(&self, label: String) {
        let mut state = self.state();
        state.label = label;
        state.changed = true;
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.state().entries.is_empty()
    }

    /// Takes over the pieces of another store; those that are not used then are not saved.
    pub fn absorb(&self, other: Store) {
        let other = other.state.into_inner().expect("no holder of the lock panics");
        let mut state = self.state();
        state.changed = true;
        state.entries.extend(other.entries.into_iter().map(|(at, entry)| (at, Entry { age: PASSING, ..entry })));
    }

    /// A piece, without its being used.
    fn look_at(&self, address: &Address) -> Option<Piece> {
        Some(self.state().entries.get(address)?.piece.clone())
    }

    /// The piece at an address.
    pub fn find(&self, address: &Address) -> Option<Piece> {
        let mut state = self.state();
        let entry = state.entries.get_mut(address)?;
        entry.age = 0;
        Some(entry.piece.clone())
    }

    /// Keeps a piece at an address.
    pub fn keep(&self, address: Address, piece: Piece) {
        let mut state = self.state();
        state.changed = true;
        state.entries.insert(address, Entry { piece, age: 0 });
    }

    /// Writes what has changed.
    ///
    /// # Errors
    /// Where the file cannot be written; what stood there still stands.
    pub fn save(&self) -> Result<()> {
        let mut state = self.state();
        if !state.changed {
            return Ok(());
        }
        let begun = Instant::now();
        write_whole(&self.path, &encode(&state.label, &state.entries))?;
        state.changed = false;
        state.saved = Instant::now();
        state.saving = begun.elapsed();
        Ok(())
    }

    /// Writes what has changed, where the last time was long enough ago.
    ///
    /// # Errors
    /// As [`Store::save`].
    pub fn save_at_times(&self, least: Duration) -> Result<()> {
        let due = {
            let state = self.state();
            state.saved.elapsed() > least.max(SAVING * state.saving)
        };
        if due { self.save() } else { Ok(()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }
}

/// The entries as a file: those in use first, then the others by age as far as there is room.
fn encode(label: &str, entries: &HashMap<Address, Entry>) -> Vec<u8> {
    let mut order: Vec<(&Address, &Entry)> = entries.iter().collect();
    order.sort_by_key(|(address, entry)| (entry.age, **address));
    let mut body = format!("{}\n", label.replace('\n', " ")).into_bytes();
    let mut unused = 0;
    for (address, Entry { piece, age }) in order {
        unused += if *age > 0 { piece.size() } else { 0 };
        if unused > MOST_UNUSED || *age == PASSING {
            break;
        }
        body.extend_from_slice(address);
        piece.encode(&mut body);
    }
    let mut bytes = format!("{MAGIC},{CODE},{}\n", sha256_hex(&body)).into_bytes();
    bytes.append(&mut body);
    bytes
}

/// The label and the entries of a file.
fn decode(bytes: &[u8]) -> std::result::Result<(String, HashMap<Address, Entry>), Refused> {
    let (head, body) = line(bytes)?;
    let [magic, code, sum] = head.split(',').collect::<Vec<_>>()[..] else { return Err(Refused::Damaged) };
    if magic != MAGIC || code != CODE {
        return Err(if magic.starts_with("lemmascope-cells-") { Refused::OtherCode } else { Refused::Damaged });
    }
    if sum != sha256_hex(body) {
        return Err(Refused::Damaged);
    }
    let (label, mut rest) = line(body)?;
    let mut entries = HashMap::new();
    while !rest.is_empty() {
        let (address, after) = rest.split_first_chunk::<32>().ok_or(Refused::Damaged)?;
        let (piece, after) = Piece::decode(after).ok_or(Refused::Damaged)?;
        rest = after;
        let age = entries.len() + 1;
        entries.insert(*address, Entry { piece, age });
    }
    Ok((label.to_string(), entries))
}

fn line(bytes: &[u8]) -> std::result::Result<(&str, &[u8]), Refused> {
    let end = bytes.iter().position(|byte| *byte == b'\n').ok_or(Refused::Damaged)?;
    let text = std::str::from_utf8(&bytes[..end]).map_err(|_| Refused::Damaged)?;
    Ok((text, &bytes[end + 1..]))
}

/// The part of a store that belongs to one cell by one method.
#[derive(Clone, Copy)]
pub struct Shelf<'a> {
    store: Option<&'a Store>,
    base: Address,
}

impl<'a> Shelf<'a> {
    /// Nothing is kept.
    pub const NONE: Shelf<'static> = Shelf { store: None, base: [0; 32] };

    /// What is kept under an address.
    pub fn new(store: &'a Store, base: Address) -> Self {
        Shelf { store: Some(store), base }
    }

    /// The address.
    pub fn base(&self) -> Address {
        self.base
    }

    /// The store, for measurements that are made within this one.
    pub fn store(&self) -> Option<&'a Store> {
        self.store
    }

    /// Whether anything is kept.
    pub fn is_none(&self) -> bool {
        self.store.is_none()
    }

    fn address(&self, part: &str, depends: &[f64]) -> Address {
        let mut hash = Sha256::new();
        hash.update(self.base);
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
        depends.iter().for_each(|number| hash.update(number.to_bits().to_le_bytes()));
        hash.finalize().into()
    }

    /// What is kept under a name for these numbers.
    pub fn find<T: Keeps>(&self, part: &str, depends: &[f64]) -> Option<T> {
        T::from_piece(&self.store?.find(&self.address(part, depends))?)
    }

    /// The piece that is kept under a name for these numbers, without its being used.
    pub fn look_at(&self, part: &str, depends: &[f64]) -> Option<Piece> {
        self.store?.look_at(&self.address(part, depends))
    }

    /// Keeps something under a name for these numbers.
    pub fn keep<T: Keeps>(&self, part: &str, depends: &[f64], what: &T) {
        if let Some(store) = self.store {
            store.keep(self.address(part, depends), what.to_piece());
        }
    }

    /// What is kept, or else what is measured now and kept from now on.
    ///
    /// # Errors
    /// Those of the measurement, which leave nothing behind.
    pub fn or_measure<T: Keeps>(&self, part: &str, depends: &[f64], measure: impl FnOnce() -> Result<T>) -> Result<T> {
        if let Some(kept) = self.find(part, depends) {
            return Ok(kept);
        }
        let measured = measure()?;
        self.keep(part, depends, &measured);
        Ok(measured)
    }
}

#[cfg(test)]
mod tests;
